// Written by tools/reference/architectures.py from timm 1.0.31; not edited by hand.

extension Architecture {
  /// One architecture a line: name, family, image, patch, width, depth, heads, width of the FFN,
  /// epsilon, activation, pooling, mean, crop share, crop mode, filter, flags, and what it needs beyond
  /// a plain ViT besides pooling. Of these needs, those behind a `!` are shown by no tensor.
  static let timmTable = """
    aimv2_1b_patch14_224|ViT|224|14|2048|24|16|5632|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_1b_patch14_336|ViT|336|14|2048|24|16|5632|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_1b_patch14_448|ViT|448|14|2048|24|16|5632|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_3b_patch14_224|ViT|224|14|3072|24|24|8192|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_3b_patch14_336|ViT|336|14|3072|24|24|8192|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_3b_patch14_448|ViT|448|14|3072|24|24|8192|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_huge_patch14_224|ViT|224|14|1536|24|12|4096|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_huge_patch14_336|ViT|336|14|1536|24|12|4096|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_huge_patch14_448|ViT|448|14|1536|24|12|4096|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_large_patch14_224|ViT|224|14|1024|24|8|2816|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_large_patch14_336|ViT|336|14|1024|24|8|2816|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    aimv2_large_patch14_448|ViT|448|14|1024|24|8|2816|1e-05|silu|avg|clip|1|center|bicubic|noClassToken,noProjectionBias,noFFNBias,rmsNorms,patchNorm,noQKVBias,gated|
    beit3_base_patch16_224|ViT|224|16|768|12|12|3072|1e-05|gelu|avg|imagenet|1|center|bicubic|fcNorm,attentionNorm,innerNorm|
    beit3_giant_patch14_224|ViT|224|14|1408|40|16|6144|1e-05|gelu|avg|imagenet|1|center|bicubic|fcNorm,attentionNorm,innerNorm|
    beit3_giant_patch14_336|ViT|336|14|1408|40|16|6144|1e-05|gelu|avg|imagenet|1|center|bicubic|fcNorm,attentionNorm,innerNorm|
    beit3_large_patch16_224|ViT|224|16|1024|24|16|4096|1e-05|gelu|avg|imagenet|1|center|bicubic|fcNorm,attentionNorm,innerNorm|
    beit_base_patch16_224|BEiT|224|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,fcNorm,noPositions,tables|
    beit_base_patch16_384|BEiT|384|16|768|12|12|3072|1e-06|gelu|avg|half|1|center|bicubic|layerScale,fcNorm,noPositions,tables|
    beit_large_patch16_224|BEiT|224|16|1024|24|16|4096|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,fcNorm,noPositions,tables|
    beit_large_patch16_384|BEiT|384|16|1024|24|16|4096|1e-06|gelu|avg|half|1|center|bicubic|layerScale,fcNorm,noPositions,tables|
    beit_large_patch16_512|BEiT|512|16|1024|24|16|4096|1e-06|gelu|avg|half|1|center|bicubic|layerScale,fcNorm,noPositions,tables|
    beitv2_base_patch16_224|BEiT|224|16|768|12|12|3072|1e-06|gelu|avg|imagenet|0.9|center|bicubic|layerScale,fcNorm,noPositions,tables|
    beitv2_large_patch16_224|BEiT|224|16|1024|24|16|4096|1e-06|gelu|avg|imagenet|0.95|center|bicubic|layerScale,fcNorm,noPositions,tables|
    cait_m36_384|CaiT|384|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_m48_448|CaiT|448|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_s24_224|CaiT|224|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_s24_384|CaiT|384|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_s36_384|CaiT|384|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_xs24_384|CaiT|384|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_xxs24_224|CaiT|224|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_xxs24_384|CaiT|384|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_xxs36_224|CaiT|224|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    cait_xxs36_384|CaiT|384|||||||||imagenet|1|center|bicubic||the blocks of CaiT
    convit_base|ConViT|224|||||||||imagenet|0.875|center|bicubic||the blocks of ConViT
    convit_small|ConViT|224|||||||||imagenet|0.875|center|bicubic||the blocks of ConViT
    convit_tiny|ConViT|224|||||||||imagenet|0.875|center|bicubic||the blocks of ConViT
    crossvit_9_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_9_dagger_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_15_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_15_dagger_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_15_dagger_408|CrossViT|408|||||||||imagenet|1|center|bicubic||the blocks of CrossViT
    crossvit_18_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_18_dagger_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_18_dagger_408|CrossViT|408|||||||||imagenet|1|center|bicubic||the blocks of CrossViT
    crossvit_base_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_small_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    crossvit_tiny_240|CrossViT|240|||||||||imagenet|0.875|center|bicubic||the blocks of CrossViT
    deepseek_vit_412m|DeepSeek's ViT|546|||||||||half|1|border|bicubic||the blocks of DeepSeek's ViT
    deepseek_vit_412m_align|DeepSeek's ViT|546|||||||||half|1|border|bicubic||the blocks of DeepSeek's ViT
    deepseek_vit_412m_enc|DeepSeek's ViT|546|||||||||half|1|border|bicubic||the blocks of DeepSeek's ViT
    deit3_base_patch16_224|DeiT-III|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions|
    deit3_base_patch16_384|DeiT-III|384|16|768|12|12|3072|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale,patchPositions|
    deit3_huge_patch14_224|DeiT-III|224|14|1280|32|16|5120|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions|
    deit3_large_patch16_224|DeiT-III|224|16|1024|24|16|4096|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions|
    deit3_large_patch16_384|DeiT-III|384|16|1024|24|16|4096|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale,patchPositions|
    deit3_medium_patch16_224|DeiT-III|224|16|512|12|8|2048|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions|
    deit3_small_patch16_224|DeiT-III|224|16|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions|
    deit3_small_patch16_384|DeiT-III|384|16|384|12|6|1536|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale,patchPositions|
    deit_base_distilled_patch16_224|DeiT|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic|distilled|
    deit_base_distilled_patch16_384|DeiT|384|16|768|12|12|3072|1e-06|gelu|token|imagenet|1|center|bicubic|distilled|
    deit_base_patch16_224|DeiT|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic||
    deit_base_patch16_384|DeiT|384|16|768|12|12|3072|1e-06|gelu|token|imagenet|1|center|bicubic||
    deit_small_distilled_patch16_224|DeiT|224|16|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic|distilled|
    deit_small_patch16_224|DeiT|224|16|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic||
    deit_tiny_distilled_patch16_224|DeiT|224|16|192|12|3|768|1e-06|gelu|token|imagenet|0.9|center|bicubic|distilled|
    deit_tiny_patch16_224|DeiT|224|16|192|12|3|768|1e-06|gelu|token|imagenet|0.9|center|bicubic||
    eva02_base_patch14_224|EVA|224|14|768|12|12|2048|1e-06|silu|avg|clip|0.9|center|bicubic|fcNorm,innerNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_base_patch14_448|EVA|448|14|768|12|12|2048|1e-06|silu|avg|clip|1|squash|bicubic|fcNorm,innerNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_base_patch16_clip_224|EVA|224|16|768|12|12|2048|1e-06|silu|token|clip|0.9|center|bicubic|attentionNorm,innerNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_enormous_patch14_clip_224|EVA|224|14|1792|64|16|15360|1e-06|gelu|token|clip|0.9|center|bicubic|postNorms|
    eva02_large_patch14_224|EVA|224|14|1024|24|16|2730|1e-06|silu|avg|clip|0.9|center|bicubic|fcNorm,innerNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_large_patch14_448|EVA|448|14|1024|24|16|2730|1e-06|silu|avg|clip|1|squash|bicubic|fcNorm,innerNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_large_patch14_clip_224|EVA|224|14|1024|24|16|2730|1e-06|silu|token|clip|0.9|center|bicubic|attentionNorm,innerNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_large_patch14_clip_336|EVA|336|14|1024|24|16|2730|1e-06|silu|token|clip|1|center|bicubic|attentionNorm,innerNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_small_patch14_224|EVA|224|14|384|12|6|1024|1e-06|silu|avg|clip|0.9|center|bicubic|fcNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_small_patch14_336|EVA|336|14|384|12|6|1024|1e-06|silu|avg|clip|1|center|bicubic|fcNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_tiny_patch14_224|EVA|224|14|192|12|3|512|1e-06|silu|avg|clip|0.9|center|bicubic|fcNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva02_tiny_patch14_336|EVA|336|14|192|12|3|512|1e-06|silu|avg|clip|1|center|bicubic|fcNorm,rope-cat-ij-0-16x16-10000-pairs,gated|
    eva_giant_patch14_224|EVA|224|14|1408|40|16|6144|1e-06|gelu|avg|clip|0.9|center|bicubic|fcNorm|
    eva_giant_patch14_336|EVA|336|14|1408|40|16|6144|1e-06|gelu|avg|clip|1|squash|bicubic|fcNorm|
    eva_giant_patch14_560|EVA|560|14|1408|40|16|6144|1e-06|gelu|avg|imagenet|1|squash|bicubic|fcNorm|
    eva_giant_patch14_clip_224|EVA|224|14|1408|40|16|6144|1e-06|gelu|token|clip|0.9|center|bicubic||
    eva_large_patch14_196|ViT|196|14|1024|24|16|4096|1e-06|gelu|avg|clip|1|center|bicubic|fcNorm|
    eva_large_patch14_336|ViT|336|14|1024|24|16|4096|1e-06|gelu|avg|clip|1|squash|bicubic|fcNorm|
    flexivit_base|ViT|240|16|768|12|12|3072|1e-06|gelu|token|half|0.95|center|bicubic|patchPositions|
    flexivit_large|ViT|240|16|1024|24|16|4096|1e-06|gelu|token|half|0.95|center|bicubic|patchPositions|
    flexivit_small|ViT|240|16|384|12|6|1536|1e-06|gelu|token|half|0.95|center|bicubic|patchPositions|
    gemma4_vit_167m|Gemma 4's ViT|768|||||||||none|1|center|bicubic||the blocks of Gemma 4's ViT
    gemma4_vit_167m_enc|Gemma 4's ViT|768|||||||||none|1|center|bicubic||the blocks of Gemma 4's ViT
    gemma4_vit_570m|Gemma 4's ViT|768|||||||||none|1|center|bicubic||the blocks of Gemma 4's ViT
    gemma4_vit_570m_enc|Gemma 4's ViT|768|||||||||none|1|center|bicubic||the blocks of Gemma 4's ViT
    naflexvit_base_patch16_gap|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_base_patch16_map|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_base_patch16_par_gap|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_base_patch16_parfac_gap|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_base_patch16_radio_v3|NaFlexViT|512|||||||||clip|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_base_patch16_siglip|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_giant_patch16_radio_v3|NaFlexViT|512|||||||||clip|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_huge_patch16_radio_v3|NaFlexViT|512|||||||||clip|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_huge_patch16_radio_v4|NaFlexViT|512|||||||||clip|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_large_patch16_radio_v3|NaFlexViT|512|||||||||clip|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_so150m2_patch16_reg1_gap|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_so150m2_patch16_reg1_map|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_so400m_patch16_radio_v4|NaFlexViT|512|||||||||clip|1|center|bicubic||the blocks of NaFlexViT
    naflexvit_so400m_patch16_siglip|NaFlexViT|384|||||||||half|1|center|bicubic||the blocks of NaFlexViT
    pit_b_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    pit_b_distilled_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    pit_s_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    pit_s_distilled_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    pit_ti_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    pit_ti_distilled_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    pit_xs_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    pit_xs_distilled_224|PiT|224|||||||||imagenet|0.9|center|bicubic||the blocks of PiT
    qwen3_vit_88m|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_88m_enc|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_88m_merge|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_306m|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_306m_enc|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_306m_merge|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_416m|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_416m_enc|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    qwen3_vit_416m_merge|Qwen 3's ViT|768|||||||||half|1|squash|bicubic||the blocks of Qwen 3's ViT
    samvit_base_patch16|VisionTransformerSAM|1024|16|768|12|12|3072|1e-05|gelu|avg|imagenet|1|center|bicubic|noClassToken,noNorm|windowed attention,relative positions
    samvit_base_patch16_224|VisionTransformerSAM|224|16|768|12|12|3072|1e-05|gelu|avg|imagenet|0.9|center|bicubic|noClassToken,noNorm,noPositions|windowed attention,relative positions
    samvit_huge_patch16|VisionTransformerSAM|1024|16|1280|32|16|5120|1e-05|gelu|avg|imagenet|1|center|bicubic|noClassToken,noNorm|windowed attention,relative positions
    samvit_large_patch16|VisionTransformerSAM|1024|16|1024|24|16|4096|1e-05|gelu|avg|imagenet|1|center|bicubic|noClassToken,noNorm|windowed attention,relative positions
    test_vit|ViT|160|16|64|6|2|192|1e-06|gelu|token|half|0.95|center|bicubic||
    test_vit2|ViT|160|16|64|8|2|192|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,noClassToken,registers1|
    test_vit3|ViT|160|16|96|9|3|192|1e-06|gelu|map|half|0.95|center|bicubic|layerScale,noClassToken,registers1,attentionPool,poolsPrefix|
    test_vit4|ViT|160|16|96|9|3|288|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,noClassToken,registers1,rmsNorms|
    test_vit_relpos|ViT|160|16|96|9|3|192|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,noClassToken,noPositions,networks-128,noQKVBias|
    tnt_b_patch16_224|TNT|224|||||||||half|0.9|center|bicubic||the blocks of TNT
    tnt_s_legacy_patch16_224|TNT|224|||||||||half|0.9|center|bicubic||the blocks of TNT
    tnt_s_patch16_224|TNT|224|||||||||half|0.9|center|bicubic||the blocks of TNT
    visformer_small|Visformer|224|||||||||imagenet|0.9|center|bicubic||the blocks of Visformer
    visformer_tiny|Visformer|224|||||||||imagenet|0.9|center|bicubic||the blocks of Visformer
    vit_5b_patch16_sapiens2|EVA|1024x768|16|2432|56|32|9728|1e-06|silu|token|imagenet|1|squash|bilinear|layerScale,registers8,noPositions,headNorm,rmsNorms,rope-dinov3-ij-0--100-halves,gated|LayerScale behind attention alone,RMSNorm of queries and keys
    vit_7b_patch16_dinov3|EVA|256|16|4096|40|32|8192|1e-05|silu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,noQKVBias,gated|
    vit_base_mci_224|ViT|224|16|768|12|12|3072|1e-06|gelu|token|none|0.9|center|bicubic|patchPositions|a convolutional stem
    vit_base_patch8_224|ViT|224|8|768|12|12|3072|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_base_patch14_dinov2|ViT|518|14|768|12|12|3072|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale|
    vit_base_patch14_reg1_tipsv2|ViT|448|14|768|12|12|3072|1e-06|gelu|token|none|1|center|bicubic|layerScale,patchPositions,registers1|
    vit_base_patch14_reg4_dinov2|ViT|518|14|768|12|12|3072|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale,patchPositions,registers4|
    vit_base_patch16_18x2_224|ViT|224|16|768|18|12|3072|1e-06|gelu|token|half|0.9|center|bicubic||parallel blocks
    vit_base_patch16_224|ViT|224|16|768|12|12|3072|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_base_patch16_224_miil|ViT|224|16|768|12|12|3072|1e-06|gelu|token|none|0.875|center|bilinear|noQKVBias|
    vit_base_patch16_384|ViT|384|16|768|12|12|3072|1e-06|gelu|token|half|1|center|bicubic||
    vit_base_patch16_clip_224|ViT|224|16|768|12|12|3072|1e-05|gelu|token|clip|0.95|center|bicubic|preNorm|
    vit_base_patch16_clip_384|ViT|384|16|768|12|12|3072|1e-05|gelu|token|clip|1|squash|bicubic|preNorm|
    vit_base_patch16_clip_quickgelu_224|ViT|224|16|768|12|12|3072|1e-05|quickGelu|token|clip|1|center|bicubic|preNorm|
    vit_base_patch16_dinov3|EVA|256|16|768|12|12|3072|1e-05|gelu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,noQKVBias|
    vit_base_patch16_dinov3_qkvb|EVA|256|16|768|12|12|3072|1e-05|gelu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves|
    vit_base_patch16_gap_224|ViT|224|16|768|12|16|3072|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_base_patch16_lingbot|EVA|512|16|768|12|12|3072|1e-05|gelu|token|imagenet|1|squash|bilinear|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves|
    vit_base_patch16_plus_240|ViT|240|16|896|12|14|3584|1e-06|gelu|token|half|0.95|center|bicubic|layerScale|
    vit_base_patch16_plus_clip_240|ViT|240|16|896|12|14|3584|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_base_patch16_radio_v3|ViT|512|16|768|12|12|3072|1e-06|gelu|token|clip|1|center|bicubic|layerScale,patchPositions,registers7,noNorm|
    vit_base_patch16_reg4_gap_256|ViT|256|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|fcNorm,patchPositions,noClassToken,registers4|
    vit_base_patch16_rope_224|EVA|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,noPositions,rope-cat-xy-0--100-pairs|
    vit_base_patch16_rope_ape_224|EVA|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions,rope-cat-xy-0--100-pairs|
    vit_base_patch16_rope_mixed_224|EVA|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,noPositions,rope-mixed-xy-0--10-pairs|
    vit_base_patch16_rope_mixed_ape_224|EVA|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions,rope-mixed-xy-0--10-pairs|
    vit_base_patch16_rope_reg1_gap_256|EVA|256|16|768|12|12|3072|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,noClassToken,registers1,noPositions,rope-cat-ij-0-16x16-10000-pairs|
    vit_base_patch16_rpn_224|ViT|224|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|fcNorm,noClassToken,postNorms,noQKVBias|
    vit_base_patch16_sapiens2|EVA|1024x768|16|768|12|12|3072|1e-06|silu|token|imagenet|1|squash|bilinear|layerScale,registers8,noPositions,headNorm,rmsNorms,rope-dinov3-ij-0--100-halves,gated|LayerScale behind attention alone,RMSNorm of queries and keys
    vit_base_patch16_siglip_224|ViT|224|16|768|12|12|3072|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_base_patch16_siglip_256|ViT|256|16|768|12|12|3072|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_base_patch16_siglip_384|ViT|384|16|768|12|12|3072|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_base_patch16_siglip_512|ViT|512|16|768|12|12|3072|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_base_patch16_siglip_gap_224|ViT|224|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_base_patch16_siglip_gap_256|ViT|256|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_base_patch16_siglip_gap_384|ViT|384|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_base_patch16_siglip_gap_512|ViT|512|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_base_patch16_xp_224|ViT|224|16|768|12|12|0|1e-06|gelu|token|half|0.9|center|bicubic|patchPositions,preNorm,noQKVBias|parallel blocks
    vit_base_patch32_224|ViT|224|32|768|12|12|3072|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_base_patch32_384|ViT|384|32|768|12|12|3072|1e-06|gelu|token|half|1|center|bicubic||
    vit_base_patch32_clip_224|ViT|224|32|768|12|12|3072|1e-05|gelu|token|clip|0.9|center|bicubic|preNorm|
    vit_base_patch32_clip_256|ViT|256|32|768|12|12|3072|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_base_patch32_clip_384|ViT|384|32|768|12|12|3072|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_base_patch32_clip_448|ViT|448|32|768|12|12|3072|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_base_patch32_clip_quickgelu_224|ViT|224|32|768|12|12|3072|1e-05|quickGelu|token|clip|0.9|center|bicubic|preNorm|
    vit_base_patch32_plus_256|ViT|256|32|896|12|14|3584|1e-06|gelu|token|half|0.95|center|bicubic|layerScale|
    vit_base_patch32_siglip_256|ViT|256|32|768|12|12|3072|1e-06|geluTanh|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_base_patch32_siglip_gap_256|ViT|256|32|768|12|12|3072|1e-06|geluTanh|avg|half|0.9|center|bicubic|noClassToken|
    vit_base_r26_s32_224|ViT|224|16|768|12|12|3072|1e-06|gelu|token|half|0.9|center|bicubic||a convolutional stem
    vit_base_r50_s16_224|ViT|224|16|768|12|12|3072|1e-06|gelu|token|half|0.9|center|bicubic||a convolutional stem
    vit_base_r50_s16_384|ViT|384|16|768|12|12|3072|1e-06|gelu|token|half|1|center|bicubic||a convolutional stem
    vit_base_resnet26d_224|ViT|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic||a convolutional stem
    vit_base_resnet50d_224|ViT|224|16|768|12|12|3072|1e-06|gelu|token|imagenet|0.9|center|bicubic||a convolutional stem
    vit_betwixt_patch16_gap_256|ViT|256|16|640|12|10|2560|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,noClassToken,noQKVBias|
    vit_betwixt_patch16_reg1_gap_256|ViT|256|16|640|12|10|2560|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers1|
    vit_betwixt_patch16_reg4_gap_256|ViT|256|16|640|12|10|2560|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers4|
    vit_betwixt_patch16_reg4_gap_384|ViT|384|16|640|12|10|2560|1e-06|gelu|avg|half|1|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers4|
    vit_betwixt_patch16_rope_reg4_gap_256|EVA|256|16|640|12|10|2560|1e-06|gelu|avg|clip|0.95|center|bicubic|layerScale,fcNorm,noClassToken,registers4,noPositions,rope-cat-ij-0-16x16-10000-pairs|
    vit_betwixt_patch32_clip_224|ViT|224|32|640|12|10|2560|1e-05|gelu|token|clip|0.9|center|bicubic|preNorm|
    vit_dlittle_patch16_reg1_gap_256|ViT|256|16|320|14|5|1792|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers1|differential attention
    vit_dpwee_patch16_reg1_gap_256|ViT|256|16|256|16|4|0|0|gelu|avg|half|0.95|center|bicubic|fcNorm,patchPositions,noClassToken,registers1|parallel blocks,differential attention
    vit_dwee_patch16_reg1_gap_256|ViT|256|16|256|14|4|1280|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers1|differential attention
    vit_giant_patch14_224|ViT|224|14|1408|40|16|6144|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_giant_patch14_clip_224|ViT|224|14|1408|40|16|6144|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_giant_patch14_dinov2|ViT|518|14|1536|40|24|4096|1e-06|silu|token|imagenet|1|center|bicubic|layerScale,gated|
    vit_giant_patch14_reg1_tipsv2|ViT|448|14|1536|40|24|4096|1e-06|silu|token|none|1|center|bicubic|layerScale,patchPositions,registers1,gated|
    vit_giant_patch14_reg4_dinov2|ViT|518|14|1536|40|24|4096|1e-06|silu|token|imagenet|1|center|bicubic|layerScale,patchPositions,registers4,gated|
    vit_giant_patch16_gap_224|ViT|224|16|1408|40|16|6144|1e-06|gelu|avg|imagenet|0.9|center|bicubic|noClassToken|
    vit_giant_patch16_lingbot|EVA|512|16|1536|40|24|4096|1e-05|silu|token|imagenet|1|squash|bilinear|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,noQKVBias,gated|
    vit_giant_patch16_radio_v3|ViT|512|16|1536|40|24|6144|1e-06|gelu|token|clip|1|center|bicubic|patchPositions,registers7,noNorm|
    vit_giant_patch16_sapiens2|EVA|1024x768|16|1536|40|24|6144|1e-06|silu|token|imagenet|1|squash|bilinear|layerScale,registers8,noPositions,headNorm,rmsNorms,rope-dinov3-ij-0--100-halves,gated|LayerScale behind attention alone,RMSNorm of queries and keys
    vit_giantopt_patch16_siglip_256|ViT|256|16|1536|40|16|6144|1e-06|geluTanh|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_giantopt_patch16_siglip_384|ViT|384|16|1536|40|16|6144|1e-06|geluTanh|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_giantopt_patch16_siglip_gap_256|ViT|256|16|1536|40|16|6144|1e-06|geluTanh|avg|half|0.9|center|bicubic|noClassToken|
    vit_giantopt_patch16_siglip_gap_384|ViT|384|16|1536|40|16|6144|1e-06|geluTanh|avg|half|0.9|center|bicubic|noClassToken|
    vit_gigantic_patch14_224|ViT|224|14|1664|48|16|8192|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_gigantic_patch14_clip_224|ViT|224|14|1664|48|16|8192|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_gigantic_patch14_clip_378|ViT|378|14|1664|48|16|8192|1e-05|gelu|token|clip|1|squash|bicubic|preNorm|
    vit_gigantic_patch14_clip_quickgelu_224|ViT|224|14|1664|48|16|8192|1e-05|quickGelu|token|clip|1|center|bicubic|preNorm|
    vit_huge_patch14_224|ViT|224|14|1280|32|16|5120|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_huge_patch14_clip_224|ViT|224|14|1280|32|16|5120|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_huge_patch14_clip_336|ViT|336|14|1280|32|16|5120|1e-05|gelu|token|clip|1|squash|bicubic|preNorm|
    vit_huge_patch14_clip_378|ViT|378|14|1280|32|16|5120|1e-05|gelu|token|clip|1|center|bicubic|preNorm|
    vit_huge_patch14_clip_quickgelu_224|ViT|224|14|1280|32|16|5120|1e-05|quickGelu|token|clip|1|center|bicubic|preNorm|
    vit_huge_patch14_clip_quickgelu_378|ViT|378|14|1280|32|16|5120|1e-05|quickGelu|token|clip|1|center|bicubic|preNorm|
    vit_huge_patch14_gap_224|ViT|224|14|1280|32|16|5120|1e-06|gelu|avg|imagenet|0.9|center|bicubic|noClassToken|
    vit_huge_patch14_xp_224|ViT|224|14|1280|32|16|0|1e-06|gelu|token|half|0.9|center|bicubic|patchPositions,preNorm,noQKVBias|parallel blocks
    vit_huge_patch16_gap_448|ViT|448|16|1280|32|16|5120|1e-06|gelu|avg|imagenet|1|center|bicubic|noClassToken|
    vit_huge_patch16_radio_v3|ViT|512|16|1280|32|16|5120|1e-06|gelu|token|clip|1|center|bicubic|patchPositions,registers7,noNorm|
    vit_huge_patch16_radio_v4|ViT|512|16|1280|32|16|5120|1e-06|gelu|token|clip|1|center|bicubic|patchPositions,registers9,noNorm|
    vit_huge_patch16_sapiens2|EVA|1024x768|16|1280|32|16|5120|1e-06|silu|token|imagenet|1|squash|bilinear|layerScale,registers8,noPositions,headNorm,rmsNorms,rope-dinov3-ij-0--100-halves,gated|LayerScale behind attention alone,RMSNorm of queries and keys
    vit_huge_plus_patch16_dinov3|EVA|256|16|1280|32|20|5120|1e-05|silu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,noQKVBias,gated|
    vit_huge_plus_patch16_dinov3_qkvb|EVA|256|16|1280|32|20|5120|1e-05|silu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,gated|
    vit_intern300m_patch14_448|ViT|448|14|1024|24|16|4096|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale,noNorm|
    vit_large_patch14_224|ViT|224|14|1024|24|16|4096|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_large_patch14_clip_224|ViT|224|14|1024|24|16|4096|1e-05|gelu|token|half|1|center|bicubic|preNorm|
    vit_large_patch14_clip_336|ViT|336|14|1024|24|16|4096|1e-05|gelu|token|half|1|squash|bicubic|preNorm|
    vit_large_patch14_clip_quickgelu_224|ViT|224|14|1024|24|16|4096|1e-05|quickGelu|token|clip|1|center|bicubic|preNorm|
    vit_large_patch14_clip_quickgelu_336|ViT|336|14|1024|24|16|4096|1e-05|quickGelu|token|clip|1|center|bicubic|preNorm|
    vit_large_patch14_dinov2|ViT|518|14|1024|24|16|4096|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale|
    vit_large_patch14_reg1_tipsv2|ViT|448|14|1024|24|16|4096|1e-06|gelu|token|none|1|center|bicubic|layerScale,patchPositions,registers1|
    vit_large_patch14_reg4_dinov2|ViT|518|14|1024|24|16|4096|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale,patchPositions,registers4|
    vit_large_patch14_xp_224|ViT|224|14|1024|24|16|0|1e-06|gelu|token|half|0.9|center|bicubic|patchPositions,preNorm,noQKVBias|parallel blocks
    vit_large_patch16_224|ViT|224|16|1024|24|16|4096|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_large_patch16_384|ViT|384|16|1024|24|16|4096|1e-06|gelu|token|half|1|center|bicubic||
    vit_large_patch16_dinov3|EVA|256|16|1024|24|16|4096|1e-05|gelu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,noQKVBias|
    vit_large_patch16_dinov3_qkvb|EVA|256|16|1024|24|16|4096|1e-05|gelu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves|
    vit_large_patch16_lingbot|EVA|512|16|1024|24|16|4096|1e-05|gelu|token|imagenet|1|squash|bilinear|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves|
    vit_large_patch16_radio_v3|ViT|512|16|1024|24|16|4096|1e-06|gelu|token|clip|1|center|bicubic|layerScale,patchPositions,registers7,noNorm|
    vit_large_patch16_rope_224|EVA|224|16|1024|24|16|4096|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,noPositions,rope-cat-xy-0--100-pairs|
    vit_large_patch16_rope_ape_224|EVA|224|16|1024|24|16|4096|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions,rope-cat-xy-0--100-pairs|
    vit_large_patch16_rope_mixed_224|EVA|224|16|1024|24|16|4096|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,noPositions,rope-mixed-xy-0--10-pairs|
    vit_large_patch16_rope_mixed_ape_224|EVA|224|16|1024|24|16|4096|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions,rope-mixed-xy-0--10-pairs|
    vit_large_patch16_sapiens2|EVA|1024x768|16|1024|24|16|4096|1e-06|silu|token|imagenet|1|squash|bilinear|layerScale,registers8,noPositions,headNorm,rmsNorms,rope-dinov3-ij-0--100-halves,gated|LayerScale behind attention alone,RMSNorm of queries and keys
    vit_large_patch16_siglip_256|ViT|256|16|1024|24|16|4096|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_large_patch16_siglip_384|ViT|384|16|1024|24|16|4096|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_large_patch16_siglip_512|ViT|512|16|1024|24|16|4096|1e-06|geluTanh|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_large_patch16_siglip_gap_256|ViT|256|16|1024|24|16|4096|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_large_patch16_siglip_gap_384|ViT|384|16|1024|24|16|4096|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_large_patch16_siglip_gap_512|ViT|512|16|1024|24|16|4096|1e-06|geluTanh|avg|half|0.9|center|bicubic|noClassToken|
    vit_large_patch32_224|ViT|224|32|1024|24|16|4096|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_large_patch32_384|ViT|384|32|1024|24|16|4096|1e-06|gelu|token|half|1|center|bicubic||
    vit_large_r50_s32_224|ViT|224|16|1024|24|16|4096|1e-06|gelu|token|half|0.9|center|bicubic||a convolutional stem
    vit_large_r50_s32_384|ViT|384|16|1024|24|16|4096|1e-06|gelu|token|half|1|center|bicubic||a convolutional stem
    vit_little_patch16_reg1_gap_256|ViT|256|16|320|14|5|1792|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers1|
    vit_little_patch16_reg4_gap_256|ViT|256|16|320|14|5|1792|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers4|
    vit_medium_patch16_clip_224|ViT|224|16|512|12|8|2048|1e-05|gelu|token|clip|0.9|center|bicubic|preNorm|
    vit_medium_patch16_gap_240|ViT|240|16|512|12|8|2048|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,noClassToken,noQKVBias|
    vit_medium_patch16_gap_256|ViT|256|16|512|12|8|2048|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,noClassToken,noQKVBias|
    vit_medium_patch16_gap_384|ViT|384|16|512|12|8|2048|1e-06|gelu|avg|half|0.95|squash|bicubic|layerScale,noClassToken,noQKVBias|
    vit_medium_patch16_reg1_gap_256|ViT|256|16|512|12|8|2048|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers1|
    vit_medium_patch16_reg4_gap_256|ViT|256|16|512|12|8|2048|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers4|
    vit_medium_patch16_rope_reg1_gap_256|EVA|256|16|512|12|8|2048|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,noClassToken,registers1,noPositions,rope-cat-ij-0-16x16-10000-pairs|
    vit_medium_patch32_clip_224|ViT|224|32|512|12|8|2048|1e-05|gelu|token|clip|0.9|center|bicubic|preNorm|
    vit_mediumd_patch16_reg4_gap_256|ViT|256|16|512|20|8|2048|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers4|
    vit_mediumd_patch16_reg4_gap_384|ViT|384|16|512|20|8|2048|1e-06|gelu|avg|half|1|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers4|
    vit_mediumd_patch16_rope_reg1_gap_256|EVA|256|16|512|20|8|2048|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,noClassToken,registers1,noPositions,rope-cat-ij-0-16x16-10000-pairs,noQKVBias|
    vit_pe_core_base_patch16_224|EVA|224|16|768|12|12|3072|1e-05|gelu|map|half|1|center|bicubic|preNorm,attentionPool,rope-cat-xy-1-14x14-10000-pairs,poolHeads8|
    vit_pe_core_gigantic_patch14_448|EVA|448|14|1536|50|16|8960|1e-05|gelu|map|half|1|center|bicubic|noClassToken,preNorm,attentionPool,rope-cat-xy-0-32x32-10000-pairs,poolHeads8|
    vit_pe_core_large_patch14_336|EVA|336|14|1024|24|16|4096|1e-05|gelu|map|half|1|center|bicubic|preNorm,attentionPool,rope-cat-xy-1-24x24-10000-pairs,poolHeads8|
    vit_pe_core_small_patch16_384|EVA|384|16|384|12|6|1536|1e-05|gelu|map|half|1|center|bicubic|preNorm,attentionPool,rope-cat-xy-1-24x24-10000-pairs,poolHeads8|
    vit_pe_core_tiny_patch16_384|EVA|384|16|192|12|3|768|1e-05|gelu|map|half|1|center|bicubic|preNorm,attentionPool,rope-cat-xy-1-24x24-10000-pairs,poolHeads8|
    vit_pe_lang_gigantic_patch14_448|EVA|448|14|1536|47|16|8960|1e-05|gelu|avg|half|1|center|bicubic|layerScale,noClassToken,preNorm,noNorm,rope-cat-xy-0-32x32-10000-pairs|
    vit_pe_lang_large_patch14_448|EVA|448|14|1024|23|16|4096|1e-05|gelu|avg|half|1|center|bicubic|layerScale,preNorm,noNorm,rope-cat-xy-1-32x32-10000-pairs|
    vit_pe_spatial_base_patch16_512|EVA|512|16|768|12|12|3072|1e-05|gelu|avg|half|1|center|bicubic|preNorm,noNorm,rope-cat-xy-1-32x32-10000-pairs|
    vit_pe_spatial_gigantic_patch14_448|EVA|448|14|1536|50|16|8960|1e-05|gelu|avg|half|1|center|bicubic|layerScale,noClassToken,preNorm,noNorm,rope-cat-xy-0-32x32-10000-pairs|
    vit_pe_spatial_large_patch14_448|EVA|448|14|1024|24|16|4096|1e-05|gelu|avg|half|1|center|bicubic|preNorm,noNorm,rope-cat-xy-1-32x32-10000-pairs|
    vit_pe_spatial_small_patch16_512|EVA|512|16|384|12|6|1536|1e-05|gelu|avg|half|1|center|bicubic|preNorm,noNorm,rope-cat-xy-1-32x32-10000-pairs|
    vit_pe_spatial_tiny_patch16_512|EVA|512|16|192|12|3|768|1e-05|gelu|avg|half|1|center|bicubic|preNorm,noNorm,rope-cat-xy-1-32x32-10000-pairs|
    vit_pwee_patch16_reg1_gap_256|ViT|256|16|256|16|4|0|0|gelu|avg|half|0.95|center|bicubic|fcNorm,patchPositions,noClassToken,registers1|parallel blocks
    vit_relpos_base_patch16_224|ViT|224|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,fcNorm,noClassToken,noPositions,networks-128,noQKVBias|
    vit_relpos_base_patch16_cls_224|ViT|224|16|768|12|12|3072|1e-06|gelu|token|half|0.9|center|bicubic|layerScale,noPositions,networks-128,noQKVBias|
    vit_relpos_base_patch16_clsgap_224|ViT|224|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,fcNorm,noPositions,networks-128,noQKVBias|
    vit_relpos_base_patch16_plus_240|ViT|240|16|896|12|14|3584|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,noClassToken,noPositions,networks-128|
    vit_relpos_base_patch16_rpn_224|ViT|224|16|768|12|12|3072|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken,noPositions,postNorms,networks-128,noQKVBias|
    vit_relpos_base_patch32_plus_rpn_256|ViT|256|32|896|12|14|3584|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken,noPositions,postNorms,networks-128|
    vit_relpos_medium_patch16_224|ViT|224|16|512|12|8|2048|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,fcNorm,noClassToken,noPositions,networks-128,noQKVBias|
    vit_relpos_medium_patch16_cls_224|ViT|224|16|512|12|8|2048|1e-06|gelu|token|half|0.9|center|bicubic|layerScale,noPositions,networks-256,noQKVBias|
    vit_relpos_medium_patch16_rpn_224|ViT|224|16|512|12|8|2048|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken,noPositions,postNorms,networks-128,noQKVBias|
    vit_relpos_small_patch16_224|ViT|224|16|384|12|6|1536|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,fcNorm,noClassToken,noPositions,networks-128,noQKVBias|
    vit_relpos_small_patch16_rpn_224|ViT|224|16|384|12|6|1536|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken,noPositions,postNorms,networks-128,noQKVBias|
    vit_small_patch8_224|ViT|224|8|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic||
    vit_small_patch14_dinov2|ViT|518|14|384|12|6|1536|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale|
    vit_small_patch14_reg4_dinov2|ViT|518|14|384|12|6|1536|1e-06|gelu|token|imagenet|1|center|bicubic|layerScale,patchPositions,registers4|
    vit_small_patch16_18x2_224|ViT|224|16|384|18|6|1536|1e-06|gelu|token|half|0.9|center|bicubic||parallel blocks
    vit_small_patch16_36x1_224|ViT|224|16|384|36|6|1536|1e-06|gelu|token|half|0.9|center|bicubic|layerScale|
    vit_small_patch16_224|ViT|224|16|384|12|6|1536|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_small_patch16_384|ViT|384|16|384|12|6|1536|1e-06|gelu|token|half|1|center|bicubic||
    vit_small_patch16_dinov3|EVA|256|16|384|12|6|1536|1e-05|gelu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,noQKVBias|
    vit_small_patch16_dinov3_qkvb|EVA|256|16|384|12|6|1536|1e-05|gelu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves|
    vit_small_patch16_lingbot|EVA|512|16|384|12|6|1536|1e-05|gelu|token|imagenet|1|squash|bilinear|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves|
    vit_small_patch16_rope_224|EVA|224|16|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,noPositions,rope-cat-xy-0--100-pairs|
    vit_small_patch16_rope_ape_224|EVA|224|16|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions,rope-cat-xy-0--100-pairs|
    vit_small_patch16_rope_mixed_224|EVA|224|16|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,noPositions,rope-mixed-xy-0--10-pairs|
    vit_small_patch16_rope_mixed_ape_224|EVA|224|16|384|12|6|1536|1e-06|gelu|token|imagenet|0.9|center|bicubic|layerScale,patchPositions,rope-mixed-xy-0--10-pairs|
    vit_small_patch32_224|ViT|224|32|384|12|6|1536|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_small_patch32_384|ViT|384|32|384|12|6|1536|1e-06|gelu|token|half|1|center|bicubic||
    vit_small_plus_patch16_dinov3|EVA|256|16|384|12|6|1536|1e-05|silu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,noQKVBias,gated|
    vit_small_plus_patch16_dinov3_qkvb|EVA|256|16|384|12|6|1536|1e-05|silu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves,gated|
    vit_small_r26_s32_224|ViT|224|16|384|12|6|1536|1e-06|gelu|token|half|0.9|center|bicubic||a convolutional stem
    vit_small_r26_s32_384|ViT|384|16|384|12|6|1536|1e-06|gelu|token|half|1|center|bicubic||a convolutional stem
    vit_small_resnet26d_224|ViT|224|16|768|8|8|2304|1e-06|gelu|token|imagenet|0.9|center|bicubic||a convolutional stem
    vit_small_resnet50d_s16_224|ViT|224|16|768|8|8|2304|1e-06|gelu|token|imagenet|0.9|center|bicubic||a convolutional stem
    vit_so150m2_patch16_reg1_gap_256|ViT|256|16|832|21|13|2176|1e-06|gelu|avg|half|1|center|bicubic|layerScale,fcNorm,noClassToken,registers1,noQKVBias|
    vit_so150m2_patch16_reg1_gap_384|ViT|384|16|832|21|13|2176|1e-06|gelu|avg|half|1|center|bicubic|layerScale,fcNorm,noClassToken,registers1,noQKVBias|
    vit_so150m2_patch16_reg1_gap_448|ViT|448|16|832|21|13|2176|1e-06|gelu|avg|half|1|squash|bicubic|layerScale,fcNorm,noClassToken,registers1,noQKVBias|
    vit_so150m_patch16_reg4_gap_256|ViT|256|16|896|18|14|2304|1e-06|gelu|avg|half|0.95|center|bicubic|noClassToken,registers4|
    vit_so150m_patch16_reg4_gap_384|ViT|384|16|896|18|14|2304|1e-06|gelu|avg|half|1|center|bicubic|noClassToken,registers4|
    vit_so150m_patch16_reg4_map_256|ViT|256|16|896|18|14|2304|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,registers4,attentionPool|
    vit_so400m_patch14_reg1_tipsv2|ViT|448|14|1152|27|16|4304|1e-06|gelu|token|none|1|center|bicubic|layerScale,patchPositions,registers1|
    vit_so400m_patch14_siglip_224|ViT|224|14|1152|27|16|4304|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_so400m_patch14_siglip_378|ViT|378|14|1152|27|16|4304|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_so400m_patch14_siglip_384|ViT|384|14|1152|27|16|4304|1e-06|gelu|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_so400m_patch14_siglip_gap_224|ViT|224|14|1152|27|16|4304|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_so400m_patch14_siglip_gap_378|ViT|378|14|1152|27|16|4304|1e-06|gelu|avg|half|0.9|center|bicubic|noClassToken|
    vit_so400m_patch14_siglip_gap_384|ViT|384|14|1152|27|16|4304|1e-06|gelu|avg|half|1|center|bicubic|noClassToken|
    vit_so400m_patch14_siglip_gap_448|ViT|448|14|1152|27|16|4304|1e-06|gelu|avg|half|1|center|bicubic|noClassToken|
    vit_so400m_patch14_siglip_gap_896|ViT|896|14|1152|27|16|4304|1e-06|gelu|avg|half|1|center|bicubic|noClassToken|
    vit_so400m_patch16_radio_v4|ViT|512|16|1152|27|16|4304|1e-06|gelu|token|clip|1|center|bicubic|patchPositions,registers9,noNorm|
    vit_so400m_patch16_siglip_256|ViT|256|16|1152|27|16|4304|1e-06|geluTanh|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_so400m_patch16_siglip_384|ViT|384|16|1152|27|16|4304|1e-06|geluTanh|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_so400m_patch16_siglip_512|ViT|512|16|1152|27|16|4304|1e-06|geluTanh|map|half|0.9|center|bicubic|noClassToken,attentionPool|
    vit_so400m_patch16_siglip_gap_256|ViT|256|16|1152|27|16|4304|1e-06|geluTanh|avg|half|0.9|center|bicubic|noClassToken|
    vit_so400m_patch16_siglip_gap_384|ViT|384|16|1152|27|16|4304|1e-06|geluTanh|avg|half|0.9|center|bicubic|noClassToken|
    vit_so400m_patch16_siglip_gap_512|ViT|512|16|1152|27|16|4304|1e-06|geluTanh|avg|half|0.9|center|bicubic|noClassToken|
    vit_srelpos_medium_patch16_224|ViT|224|16|512|12|8|2048|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,noClassToken,noPositions,sharedNetwork-512,noQKVBias|
    vit_srelpos_small_patch16_224|ViT|224|16|384|12|6|1536|1e-06|gelu|avg|half|0.9|center|bicubic|layerScale,noClassToken,noPositions,sharedNetwork-384,noQKVBias|
    vit_tiny_patch16_224|ViT|224|16|192|12|3|768|1e-06|gelu|token|half|0.9|center|bicubic||
    vit_tiny_patch16_384|ViT|384|16|192|12|3|768|1e-06|gelu|token|half|1|center|bicubic||
    vit_tiny_patch16_dinov3_qkvb|EVA|256|16|192|12|3|768|1e-05|gelu|avg|imagenet|1|center|bicubic|layerScale,registers4,noPositions,rope-dinov3-ij-0--100-halves|
    vit_tiny_r_s16_p8_224|ViT|224|128|192|12|3|768|1e-06|gelu|token|half|0.9|center|bicubic||a convolutional stem
    vit_tiny_r_s16_p8_384|ViT|384|128|192|12|3|768|1e-06|gelu|token|half|1|center|bicubic||a convolutional stem
    vit_wee_patch16_reg1_gap_256|ViT|256|16|256|14|4|1280|1e-06|gelu|avg|half|0.95|center|bicubic|layerScale,fcNorm,patchPositions,noClassToken,registers1|
    vit_xsmall_patch16_clip_224|ViT|224|16|256|10|4|1024|1e-05|gelu|token|clip|0.9|center|bicubic|preNorm|
    volo_d1_224|VOLO|224|||||||||imagenet|0.96|center|bicubic||the blocks of VOLO
    volo_d1_384|VOLO|384|||||||||imagenet|1|center|bicubic||the blocks of VOLO
    volo_d2_224|VOLO|224|||||||||imagenet|0.96|center|bicubic||the blocks of VOLO
    volo_d2_384|VOLO|384|||||||||imagenet|1|center|bicubic||the blocks of VOLO
    volo_d3_224|VOLO|224|||||||||imagenet|0.96|center|bicubic||the blocks of VOLO
    volo_d3_448|VOLO|448|||||||||imagenet|1|center|bicubic||the blocks of VOLO
    volo_d4_224|VOLO|224|||||||||imagenet|0.96|center|bicubic||the blocks of VOLO
    volo_d4_448|VOLO|448|||||||||imagenet|1.15|center|bicubic||the blocks of VOLO
    volo_d5_224|VOLO|224|||||||||imagenet|0.96|center|bicubic||the blocks of VOLO
    volo_d5_448|VOLO|448|||||||||imagenet|1.15|center|bicubic||the blocks of VOLO
    volo_d5_512|VOLO|512|||||||||imagenet|1.15|center|bicubic||the blocks of VOLO
    xcit_large_24_p8_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_large_24_p8_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_large_24_p16_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_large_24_p16_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_medium_24_p8_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_medium_24_p8_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_medium_24_p16_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_medium_24_p16_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_nano_12_p8_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_nano_12_p8_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_nano_12_p16_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_nano_12_p16_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_12_p8_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_12_p8_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_12_p16_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_12_p16_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_24_p8_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_24_p8_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_24_p16_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_small_24_p16_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_12_p8_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_12_p8_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_12_p16_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_12_p16_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_24_p8_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_24_p8_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_24_p16_224|XCiT|224|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    xcit_tiny_24_p16_384|XCiT|384|||||||||imagenet|1|center|bicubic||the blocks of XCiT
    """
}
