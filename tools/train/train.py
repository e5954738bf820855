#!/usr/bin/env python3
"""Trains a small DeiT, or fine-tunes one with token reduction and two scales.

    python train.py --out runs/dense --steps 6000                       # on generated images
    python train.py --out runs/m5 --init runs/dense --keep 0.5 --steps 300
    python train.py --out runs/mine --data FOLDER --init CHECKPOINT ... # FOLDER/train/CLASS/*.jpg

Run the same command again to go on where it stopped: state is saved every `--save-every` steps.
`OUT/log.csv` keeps the log; `OUT/model.safetensors` (f16), `OUT/config.json` and `OUT/result.json`
are written at the end.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

import data  # noqa: E402
import drawing  # noqa: E402
import recipe  # noqa: E402
from adaptation import Refusal, schedule  # noqa: E402
from evaluate import count_correct  # noqa: E402
from start import build_model, checkpoint_of, starts_with_scales  # noqa: E402
from vit_reference.checkpoint import describe, load_model, save_model  # noqa: E402


def parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, required=True)
    add("--data", default="shapes", help="'shapes', 'scenes', or a folder with train/ and test/")
    add("--cache", type=Path, default=Path("out/images"), help="rendered images are kept here")
    add("--train-images", type=int, default=16000, help="of a generated set")
    add("--test-images", type=int, default=2000, help="of a generated set")
    add("--init", type=Path, help="start from this run's folder, or checkpoint with config.json")
    add("--embed-dim", type=int, default=64)
    add("--heads", type=int, default=4)
    add("--depth", type=int, default=12, help="a deeper one than --init starts as the same function")
    schedule.add_options(parser)
    add("--ease", type=float, default=0.5, help="share of the steps in which tokens become fewer")
    add("--teacher", type=Path, help="distil from this run (dense)")
    add("--distill", type=float, default=1.0, help="weight of the distillation loss")
    add("--patches", type=int, help="show so many patches, the objects' first, and teach each what lies "
        "on it (dense only)")
    add("--steps", type=int, default=6000)
    add("--batch", type=int, default=64)
    add("--lr", type=float, default=1e-3)
    add("--warmup", type=int, default=200)
    add("--weight-decay", type=float, default=0.05)
    add("--seed", type=int, default=0)
    add("--save-every", type=int, default=200)
    add("--test-every", type=int, default=0, help="measure on 500 test images (0: at the end)")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--threads", type=int, default=0)
    return parser.parse_args(words)


def open_data(arguments: argparse.Namespace, split: str, size: int) -> data.Images:
    source = data.GENERATED.get(arguments.data)
    if source is None:
        return data.from_folder(Path(arguments.data) / split, size)
    count = arguments.train_images if split == "train" else arguments.test_images
    images = data.generated(source, split, count, arguments.cache)
    # What is seen more than once is worth its place on the device.
    is_seen_again = split == "train" and arguments.steps * arguments.batch > count
    return images.moved(arguments.device) if is_seen_again else images


class Run:
    """One training: its model, optimiser, position and log."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.out: Path = arguments.out
        self.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(arguments.seed)
        self.train = open_data(arguments, "train", drawing.SIZE)
        classes, kinds = int(self.train.labels.max()) + 1, 1
        if arguments.data in data.GENERATED:
            source = data.GENERATED[arguments.data]
            classes, kinds = len(source.CLASS_IDS), source.KINDS
        self.is_one_object = kinds == 1
        self.model = build_model(arguments, classes).to(arguments.device)
        self.plan = schedule.of_options(arguments, self.model.config)
        if self.plan is not None:
            schedule.counted(self.plan, self.model.config, "--keep or --remove")
        self.adds_scales = arguments.multi_scale and not starts_with_scales(arguments)
        self.teacher = None
        if arguments.teacher is not None:
            self.teacher = load_model(*checkpoint_of(arguments.teacher)).to(arguments.device)
        cells = kinds * (self.model.config.patch_size // drawing.CELL) ** 2
        self.mask_head = torch.nn.Linear(self.model.config.embed_dim, cells).to(arguments.device)
        trained = [*self.model.parameters(), *self.mask_head.parameters()]
        decayed = [p for p in trained if p.dim() > 1]
        others = [p for p in trained if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": arguments.weight_decay},
             {"params": others, "weight_decay": 0.0}],
            betas=(0.9, 0.99),
        )
        self.step = 0
        self.resume()

    def resume(self) -> None:
        path = self.out / "state.pt"
        if path.exists():
            state = torch.load(path, map_location=self.arguments.device, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.mask_head.load_state_dict(state["mask_head"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = state["step"]
            print(f"going on from step {self.step}", file=sys.stderr)

    def save(self) -> None:
        temporary = self.out / "state.pt.partial"
        torch.save(
            {
                "model": self.model.state_dict(),
                "mask_head": self.mask_head.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
            },
            temporary,
        )
        temporary.replace(self.out / "state.pt")

    def indices(self, step: int) -> Tensor:
        """Which images a step sees: a new order each epoch, a function of seed and step."""
        batch = self.arguments.batch
        per_epoch = max(1, len(self.train) // batch)
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng([self.arguments.seed, epoch]).permutation(len(self.train))
        return torch.from_numpy(np.sort(order[place * batch : (place + 1) * batch]))

    def take_step(self) -> tuple[float, float]:
        """One update; loss and share of right answers."""
        arguments, model = self.arguments, self.model.train()
        device = self.train.labels.device
        generator = torch.Generator(device).manual_seed(arguments.seed * 1_000_003 + self.step)
        index = self.indices(self.step)
        images, labels = self.train.batch(index)
        places = covers = None
        if arguments.patches:
            masks = self.train.masks[index.to(device)]
            images, places, covers = data.cut_patches(
                images, masks, arguments.patches, model.config.patch_size, generator
            )
        else:
            if self.train.mirrors:
                images = data.augment(images, generator)
            images = data.normalise(images)
        images, labels = images.to(arguments.device), labels.to(arguments.device)
        plan = self.plan
        if plan is not None:
            left = recipe.easing(self.step, arguments.steps, arguments.ease)
            plan = recipe.eased(plan, left)
            if self.adds_scales:
                model.multiscale.low_class_gain = 1 - left
        with torch.autocast(arguments.device, torch.bfloat16, enabled=arguments.device != "cpu"):
            teacher = self.ask_teacher(images)
            if covers is None:
                logits = model(images, plan)
                value = recipe.loss(logits.float(), labels, teacher, arguments.distill)
            else:
                features = model.features(images, places.to(arguments.device))
                every, masks = model.head(features), self.mask_head(features[:, 1:])
                covers = covers.to(arguments.device)
                value = recipe.token_loss(
                    every.float(), masks.float(), labels, covers, self.is_one_object
                )
                logits = every[:, 0]
        rate = recipe.learning_rate(self.step, arguments.steps, arguments.lr, arguments.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return value.item(), (logits.argmax(1) == labels).float().mean().item()

    @torch.no_grad()
    def ask_teacher(self, images: Tensor) -> Tensor | None:
        return None if self.teacher is None else self.teacher(images).float()

    def train_to_end(self) -> None:
        arguments = self.arguments
        fresh = not (self.out / "log.csv").exists()
        with (self.out / "log.csv").open("a", newline="") as file:
            log = csv.writer(file)
            if fresh:
                log.writerow(["step", "loss", "train_accuracy", "test_accuracy", "seconds"])
            started, sums, count = time.monotonic(), np.zeros(2), 0
            while self.step < arguments.steps:
                sums += self.take_step()
                count += 1
                if self.step % 25 == 0 or self.step == arguments.steps:
                    tested = ""
                    if arguments.test_every and self.step % arguments.test_every == 0:
                        tested = f"{self.test(500)[0] / 500:.4f}"
                    spent = time.monotonic() - started
                    mean = sums / count
                    log.writerow([self.step, f"{mean[0]:.4f}", f"{mean[1]:.4f}", tested,
                                  f"{spent:.0f}"])
                    file.flush()
                    print(f"step {self.step}/{arguments.steps} loss {mean[0]:.3f} train "
                          f"{mean[1]:.3f} test {tested or '-'} {spent:.0f} s", flush=True)
                    sums, count = np.zeros(2), 0
                if self.step % arguments.save_every == 0 or self.step == arguments.steps:
                    self.save()

    def test(self, limit: int | None = None) -> tuple[int, int]:
        """Right answers and images of the test split."""
        test = open_data(self.arguments, "test", self.model.config.image_size)
        return count_correct(self.model, test, self.plan, self.arguments.device, limit)

    def export(self) -> None:
        """The f16 checkpoint, and what those very weights score."""
        if hasattr(self.model, "multiscale"):
            self.model.multiscale.low_class_gain = 1.0
        path = self.out / "model.safetensors"
        save_model(self.model.eval(), path)
        description = describe(self.model.config, data.MEAN, data.STD, crop=1.0)
        (self.out / "config.json").write_text(json.dumps(description, indent=1) + "\n")
        self.model = load_model(path, self.out / "config.json").to(self.arguments.device)
        correct, images = self.test()
        result = {
            "correct": correct, "images": images, "accuracy": correct / images,
            "strategy": self.arguments.strategy, "keep": self.arguments.keep,
            "remove": self.arguments.remove, "size_aware": self.arguments.size_aware,
            "multi_scale": self.arguments.multi_scale, "seed": self.arguments.seed,
            "steps": self.arguments.steps,
        }
        (self.out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
        print(json.dumps(result))


def main(words: list[str] | None = None) -> int:
    arguments = parse(words)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        run = Run(arguments)
    except Refusal as refusal:
        print(f"train: {refusal}", file=sys.stderr)
        return 1
    run.train_to_end()
    run.export()
    return 0


if __name__ == "__main__":
    sys.exit(main())
