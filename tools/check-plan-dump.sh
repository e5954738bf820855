#!/usr/bin/env bash
# Compares tools/plan_dump.py, which is written from formats/plan.md, with vitc inspect --json.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
python3 tools/demo/make_demo.py "$out"
.build/release/vitc convert "$out/model.safetensors" -o "$out/dense.bin" --quiet
.build/release/vitc rewrite "$out/dense.bin" --keep 0.7 -o "$out/fast.bin" --quiet >/dev/null
.build/release/vitc rewrite "$out/dense.bin" --strategy weighted --r 5 -o "$out/weighted.bin" --quiet
# Two programs over one weights section, put together from the format's page.
python3 - "$out" <<'END'
import sys
from pathlib import Path

sys.path.insert(0, "tools/hostile")
import plans

dense, fast, combined = (Path(sys.argv[1]) / f"{name}.bin" for name in ("dense", "fast", "combined"))
combined.write_bytes(plans.combined(dense.read_bytes(), fast.read_bytes(), 0.05, 0.078))
END
.build/release/vitc verify "$out/combined.bin"
.build/release/vitc rewrite "$out/combined.bin" --dense -o "$out/again.bin"
cmp "$out/again.bin" "$out/dense.bin"
.build/release/vitc convert Tests/Fixtures/imports/timm_features -o "$out/features.bin" --quiet
mkdir "$out/pooler"
cp Tests/Fixtures/imports/hf_features/* "$out/pooler"
.build/release/vitc convert "$out/pooler" -o "$out/pooler.bin" --quiet
# Quantizing before a rewrite and behind it gives the same plan, as converting to int8 does.
for plan in dense fast weighted combined; do
  .build/release/vitc quantize "$out/$plan.bin" -o "$out/$plan-int8.bin" --quiet
  .build/release/vitc verify "$out/$plan-int8.bin"
done
.build/release/vitc convert "$out/model.safetensors" --weights int8 -o "$out/again.bin" --quiet
cmp "$out/again.bin" "$out/dense-int8.bin"
.build/release/vitc rewrite "$out/again.bin" --keep 0.7 -o "$out/again-fast.bin" --quiet >/dev/null
cmp "$out/again-fast.bin" "$out/fast-int8.bin"
.build/release/vitc rewrite "$out/combined-int8.bin" --dense -o "$out/again.bin"
cmp "$out/again.bin" "$out/dense-int8.bin"
.build/release/vitc convert Tests/Fixtures/imports/timm_class_token_map -o "$out/map.bin" --quiet
.build/release/vitc rewrite "$out/map.bin" --strategy tome --r 2 -o "$out/map-fast.bin" --quiet
mkdir "$out/clip"
cp Tests/Fixtures/imports/hf_features_siglip_both/* "$out/clip"
.build/release/vitc convert "$out/clip" -o "$out/clip.bin" --quiet
for model in timm_beit timm_aimv2 timm_eva_qk_norm; do
  .build/release/vitc convert "Tests/Fixtures/imports/$model" -o "$out/$model.bin" --quiet
  .build/release/vitc rewrite "$out/$model.bin" --keep 0.7 --layers 1,2 -o "$out/$model-fast.bin" \
    --quiet >/dev/null
done
mkdir "$out/oblong"
cp Tests/Fixtures/imports/timm_patch_2x8_in_chans_1/* "$out/oblong"
.build/release/vitc convert "$out/oblong" -o "$out/oblong.bin" --quiet
for plan in {dense,fast,weighted,combined}{,-int8} features pooler map map-fast clip \
  oblong timm_{beit,aimv2,eva_qk_norm}{,-fast}; do
  .build/release/vitc inspect "$out/$plan.bin" --json >"$out/$plan.json"
  python3 tools/plan_dump.py "$out/$plan.bin" --against "$out/$plan.json"
done
