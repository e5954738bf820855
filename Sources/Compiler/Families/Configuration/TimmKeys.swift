/// The keys of timm's `config.json`, as `timm.models.save_for_hf` writes it, of its `model_args` (the
/// arguments of `VisionTransformer`) and of its `pretrained_cfg`.
package enum TimmKeys {
  /// Beside `model_args` and `pretrained_cfg`.
  package static let top = KeyTable([
    ("architecture", .read), ("model_args", .read), ("pretrained_cfg", .read),
    ("num_classes", .read), ("num_features", .read), ("global_pool", .read),
    ("label_names", .read), ("labels", .read),
    ("label_descriptions", .noEffect("longer words for the labels")),
    ("model_type", .read), ("token_reduction", .read),
  ])

  /// Arguments of the model.
  package static let arguments = KeyTable([
    ("img_size", .read), ("image_size", .read), ("patch_size", .read), ("in_chans", .read),
    ("num_classes", .read), ("global_pool", .read), ("embed_dim", .read), ("depth", .read),
    ("num_heads", .read), ("num_attention_heads", .read), ("mlp_ratio", .read),
    ("qkv_bias", .read), ("init_values", .read), ("no_embed_class", .read), ("act_layer", .read),
    ("norm_eps", .read), ("layer_norm_eps", .read), ("skip_lam", .read),
    ("dynamic_img_pad", .read),
    ("qk_norm", .read), ("scale_attn_norm", .read), ("scale_mlp_norm", .read),
    ("proj_bias", .read),
    ("class_token", .read), ("reg_tokens", .read), ("pre_norm", .read), ("final_norm", .read),
    ("fc_norm", .read),
    ("pool_include_prefix", .read),
    ("pos_embed", .only(["learn", "none"], "another position embedding")),
    (
      "norm_layer",
      .only(
        ["layernorm", "LayerNorm", "rmsnorm", "RmsNorm", "timm.layers.norm.RmsNorm"],
        "another norm")
    ),
    ("embed_norm_layer", .only([], "a norm in the patch embedding beside the architecture's")),
    ("embed_layer", .only(["PatchEmbed"], "another patch embedding")),
    (
      "block_fn",
      .only(
        [
          "Block", "timm.models.vision_transformer.Block", "ResPostBlock",
          "timm.models.vision_transformer.ResPostBlock", "RelPosBlock", "ResPostRelPosBlock",
          "timm.models.vision_transformer_relpos.RelPosBlock",
          "timm.models.vision_transformer_relpos.ResPostRelPosBlock",
        ], "other blocks")
    ),
    (
      "mlp_layer",
      .only(
        [
          "mlp", "Mlp", "timm.layers.Mlp", "SwiGLU", "timm.layers.SwiGLU", "SwiGLUPacked",
          "timm.layers.SwiGLUPacked", "GluMlp", "timm.layers.GluMlp",
        ], "another FFN")
    ),
    ("attn_layer", .only(["", "attn", "Attention"], "another attention")),
    ("use_rot_pos_emb", .read), ("use_abs_pos_emb", .read), ("rope_type", .read),
    ("rope_temperature", .read), ("rope_grid_offset", .read), ("rope_grid_indexing", .read),
    ("rope_rotate_half", .read), ("ref_feat_shape", .read),
    ("rope_shift_coords", .noEffect("only training moves positions")),
    ("rope_jitter_coords", .noEffect("only training moves positions")),
    ("rope_rescale_coords", .noEffect("only training moves positions")),
    ("rope_mrope_section", .only([], "rotary positions of three axes")),
    ("use_rel_pos_bias", .read), ("use_shared_rel_pos_bias", .read), ("shared_rel_pos", .read),
    ("rel_pos_dim", .read), ("rel_pos_type", .read),
    ("num_reg_tokens", .read), ("swiglu_mlp", .read), ("swiglu_align_to", .read),
    ("scale_mlp", .read), ("scale_attn_inner", .read), ("use_post_norm", .read),
    ("use_pre_transformer_norm", .read), ("use_post_transformer_norm", .read),
    ("use_fc_norm", .read), ("attn_pool_num_heads", .read),
    ("attn_pool_mlp_ratio", .noEffect("the tensors show the width")),
    ("qkv_fused", .noEffect("the tensors show it")),
    ("attn_type", .only(["eva", "rope"], "another attention")),
    ("num_kv_heads", .only([], "keys and values of fewer heads")),
    ("gated_attn", .only([false], "gated attention")),
    ("attn_only_layer_scale", .only([false], "LayerScale behind attention alone")),
    ("head_init_scale", .noEffect("initialisation")),
    ("features_only", .only([false], "an output without a classifier")),
    ("distilled", .noEffect("the tensors show a distillation token")),
    ("strict_img_size", .noEffect("images have the model's size")),
    ("dynamic_img_size", .read),
    ("fix_init", .noEffect("initialisation")), ("weight_init", .noEffect("initialisation")),
    ("drop_rate", .noEffect("only training drops")),
    ("pos_drop_rate", .noEffect("only training drops")),
    ("patch_drop_rate", .noEffect("only training drops")),
    ("proj_drop_rate", .noEffect("only training drops")),
    ("attn_drop_rate", .noEffect("only training drops")),
    ("drop_path_rate", .noEffect("only training drops")),
    ("pretrained", .noEffect("where training began")),
    ("dtype", .noEffect("tensors say their own")), ("device", .noEffect("where it ran")),
  ])

  /// What timm knows of published weights; its evaluation transform is read from it.
  package static let pretrained = KeyTable([
    ("input_size", .read), ("interpolation", .read), ("crop_pct", .read), ("crop_mode", .read),
    ("mean", .read), ("std", .read), ("label_names", .read), ("architecture", .read),
    ("label_offset", .only([0], "classes that are left out when weights are loaded")),
    ("test_input_size", .noEffect("timm takes it only when asked to")),
    ("test_crop_pct", .noEffect("timm takes it only when asked to")),
    ("test_pool_size", .noEffect("for models without a fixed size")),
    ("min_input_size", .noEffect("a limit for other sizes")),
    ("fixed_input_size", .read),
    ("num_classes", .noEffect("classes of the weights that training began with")),
    ("pool_size", .noEffect("for convolutional models")),
    ("first_conv", .noEffect("names a tensor")), ("classifier", .noEffect("names a tensor")),
    ("custom_load", .noEffect("for files in other formats")),
    ("label_descriptions", .noEffect("longer words for the labels")),
    ("url", .noEffect("where weights came from")), ("file", .noEffect("where weights came from")),
    ("state_dict", .only([], "weights inside a configuration")),
    ("hf_hub_id", .noEffect("where weights came from")),
    ("hf_hub_filename", .noEffect("where weights came from")),
    ("source", .noEffect("where weights came from")), ("tag", .noEffect("names the weights")),
    ("license", .noEffect("words")), ("description", .noEffect("words")),
    ("origin_url", .noEffect("words")), ("paper_name", .noEffect("words")),
    ("paper_ids", .noEffect("words")), ("notes", .noEffect("words")),
  ])
}
