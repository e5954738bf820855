/// The keys of transformers' `config.json`.
package enum TransformersKeys {
  /// Of ViT, DeiT and ViT-MSN.
  package static let vit = KeyTable([
    ("hidden_size", .read), ("num_hidden_layers", .read), ("num_attention_heads", .read),
    ("intermediate_size", .read), ("hidden_act", .read), ("layer_norm_eps", .read),
    ("image_size", .read), ("patch_size", .read), ("num_channels", .read), ("qkv_bias", .read),
    ("hidden_dropout_prob", .noEffect("only training drops")),
    ("attention_probs_dropout_prob", .noEffect("only training drops")),
    ("classifier_dropout", .noEffect("only training drops")),
    ("drop_path_rate", .noEffect("only training drops")),
    ("initializer_range", .noEffect("initialisation")),
    ("encoder_stride", .noEffect("for masked image modelling")),
    ("pooler_output_size", .read), ("pooler_act", .read),
  ])

  /// Of ViT-MAE besides.
  package static let mae = KeyTable([
    ("decoder_hidden_size", .noEffect("masked image modelling")),
    ("decoder_intermediate_size", .noEffect("masked image modelling")),
    ("decoder_num_attention_heads", .noEffect("masked image modelling")),
    ("decoder_num_hidden_layers", .noEffect("masked image modelling")),
    ("mask_ratio", .noEffect("features are those of all patches")),
    ("norm_pix_loss", .noEffect("training")),
  ]).joined(vit)

  /// Of DINOv2, whose FFN is `mlp_ratio` wide.
  package static let dinov2 = KeyTable([
    ("mlp_ratio", .read), ("num_register_tokens", .read),
    ("use_swiglu_ffn", .read),
    ("intermediate_size", .noEffect("mlp_ratio decides")),
    ("layerscale_value", .noEffect("initialisation")),
    ("apply_layernorm", .noEffect("for a backbone of maps")),
    ("reshape_hidden_states", .noEffect("for a backbone of maps")),
    ("out_features", .noEffect("for a backbone of maps")),
    ("out_indices", .noEffect("for a backbone of maps")),
    ("stage_names", .noEffect("for a backbone of maps")),
  ]).joined(vit)

  /// Of DINOv3.
  package static let dinov3 = KeyTable([
    ("rope_theta", .read), ("query_bias", .read),
    ("key_bias", .noEffect("the tensors show it")),
    ("value_bias", .read), ("proj_bias", .read), ("mlp_bias", .read), ("use_gated_mlp", .read),
    ("intermediate_size", .read),
    ("pos_embed_shift", .noEffect("only training moves positions")),
    ("pos_embed_jitter", .noEffect("only training moves positions")),
    ("pos_embed_rescale", .noEffect("only training moves positions")),
    ("attention_dropout", .noEffect("only training drops")),
  ]).joined(dinov2)

  /// Of BEiT and data2vec's vision model.
  package static let beit = KeyTable([
    ("use_absolute_position_embeddings", .read), ("use_relative_position_bias", .read),
    ("use_shared_relative_position_bias", .read), ("use_mean_pooling", .read),
    ("layer_scale_init_value", .noEffect("the tensors show LayerScale")),
    ("vocab_size", .noEffect("masked image modelling")),
    ("pool_scales", .noEffect("for segmentation")),
    ("use_auxiliary_head", .noEffect("for segmentation")),
    ("auxiliary_loss_weight", .noEffect("for segmentation")),
    ("auxiliary_channels", .noEffect("for segmentation")),
    ("auxiliary_num_convs", .noEffect("for segmentation")),
    ("auxiliary_concat_input", .noEffect("for segmentation")),
    ("semantic_loss_ignore_index", .noEffect("for segmentation")),
    ("add_fpn", .noEffect("for a backbone of maps")),
    ("reshape_hidden_states", .noEffect("for a backbone of maps")),
    ("out_features", .noEffect("for a backbone of maps")),
    ("out_indices", .noEffect("for a backbone of maps")),
    ("_out_features", .noEffect("for a backbone of maps")),
    ("_out_indices", .noEffect("for a backbone of maps")),
    ("segmentation_indices", .noEffect("for a backbone of maps")),
    ("stage_names", .noEffect("for a backbone of maps")),
  ]).joined(vit)

  /// Of AIMv2's vision model.
  package static let aimv2 = KeyTable([
    ("rms_norm_eps", .read), ("layer_norm_eps", .noEffect("rms_norm_eps decides")),
    ("mlp_bias", .read), ("use_head", .read),
    ("is_native", .only([false], "positions that are computed for any grid")),
    ("attention_dropout", .noEffect("only training drops")),
  ]).joined(vit)

  /// Of the vision towers of CLIP and SigLIP.
  package static let tower = KeyTable([
    ("projection_dim", .read), ("vision_use_head", .read),
    ("attention_dropout", .noEffect("only training drops")),
    ("dropout", .noEffect("only training drops")),
    ("initializer_factor", .noEffect("initialisation")),
  ]).joined(vit)

  /// Of a configuration of both towers of CLIP or SigLIP, around `vision_config`.
  package static let towers = KeyTable([
    ("vision_config", .read), ("projection_dim", .read),
    ("text_config", .noEffect("the text's tower is not read")),
    ("vision_config_dict", .read),
    ("text_config_dict", .noEffect("the text's tower is not read")),
    ("logit_scale_init_value", .noEffect("initialisation")),
    ("initializer_factor", .noEffect("initialisation")),
    ("initializer_range", .noEffect("initialisation")),
  ])

  /// Of every configuration.
  package static let base = KeyTable([
    ("architectures", .read), ("model_type", .read), ("id2label", .read),
    ("label2id", .noEffect("the inverse of id2label")),
    ("num_labels", .read),
    (
      "problem_type",
      .only(
        ["single_label_classification", "multi_label_classification"], "results of a regression")
    ),
    ("quantization_config", .only([], "quantised weights")),
    ("auto_map", .only([], "code of the model's own")),
    ("pruned_heads", .only([.object([])], "heads that were taken out")),
    ("is_decoder", .only([false], "a decoder")),
    ("is_encoder_decoder", .only([false], "a decoder")),
    ("add_cross_attention", .only([false], "a decoder")),
    ("cross_attention_hidden_size", .only([], "a decoder")),
    ("_num_labels", .read),
    ("padding", .noEffect("for text")), ("xla_device", .noEffect("where it ran")),
    ("transformers.js_config", .noEffect("how another runtime loads it")),
    ("use_mask_token", .noEffect("masked image modelling")),
    ("export_model_type", .noEffect("how it was exported")),
    ("loss_type", .noEffect("training")), ("is_composition", .noEffect("the form of the file")),
    ("output_past", .noEffect("for text")),
    ("ignore_mismatched_sizes", .noEffect("how weights are loaded")),
    ("trust_remote_code", .noEffect("how weights are loaded")),
    ("keys_to_ignore_at_inference", .noEffect("the form of the result")),
    ("model_name", .noEffect("words")), ("tags", .noEffect("words")),
    ("unsloth_version", .noEffect("who trained it")),
    ("torchscript", .noEffect("how it is exported")),
    ("torch_dtype", .noEffect("tensors say their own")),
    ("dtype", .noEffect("tensors say their own")),
    ("use_bfloat16", .noEffect("tensors say their own")),
    ("tf_legacy_loss", .noEffect("training")),
    ("gradient_checkpointing", .noEffect("training")),
    ("transformers_version", .noEffect("who wrote it")),
    ("_name_or_path", .noEffect("where training began")),
    ("_commit_hash", .noEffect("where training began")),
    ("_attn_implementation", .noEffect("the same product in other kernels")),
    ("attn_implementation", .noEffect("the same product in other kernels")),
    ("_attn_implementation_autoset", .noEffect("the same product in other kernels")),
    ("_attn_implementation_internal", .noEffect("the same product in other kernels")),
    ("return_dict", .noEffect("the form of the result")),
    ("return_dict_in_generate", .noEffect("the form of the result")),
    ("output_attentions", .noEffect("more results")),
    ("output_hidden_states", .noEffect("more results")),
    ("output_scores", .noEffect("more results")), ("use_cache", .noEffect("for text")),
    ("chunk_size_feed_forward", .noEffect("the same product in pieces")),
    ("finetuning_task", .noEffect("words")), ("license", .noEffect("words")),
    ("tie_word_embeddings", .noEffect("for text")), ("tie_encoder_decoder", .noEffect("for text")),
    ("tokenizer_class", .noEffect("for text")), ("prefix", .noEffect("for text")),
    ("bos_token_id", .noEffect("for text")), ("pad_token_id", .noEffect("for text")),
    ("eos_token_id", .noEffect("for text")), ("sep_token_id", .noEffect("for text")),
    ("decoder_start_token_id", .noEffect("for text")),
    ("task_specific_params", .noEffect("for text")), ("max_length", .noEffect("for text")),
    ("min_length", .noEffect("for text")), ("do_sample", .noEffect("for text")),
    ("early_stopping", .noEffect("for text")), ("num_beams", .noEffect("for text")),
    ("num_beam_groups", .noEffect("for text")), ("diversity_penalty", .noEffect("for text")),
    ("temperature", .noEffect("for text")), ("top_k", .noEffect("for text")),
    ("top_p", .noEffect("for text")), ("typical_p", .noEffect("for text")),
    ("repetition_penalty", .noEffect("for text")), ("length_penalty", .noEffect("for text")),
    ("no_repeat_ngram_size", .noEffect("for text")),
    ("encoder_no_repeat_ngram_size", .noEffect("for text")),
    ("bad_words_ids", .noEffect("for text")), ("num_return_sequences", .noEffect("for text")),
    ("forced_bos_token_id", .noEffect("for text")), ("forced_eos_token_id", .noEffect("for text")),
    ("remove_invalid_values", .noEffect("for text")),
    ("exponential_decay_length_penalty", .noEffect("for text")),
    ("suppress_tokens", .noEffect("for text")), ("begin_suppress_tokens", .noEffect("for text")),
  ])

  /// Of `timm_wrapper` beside timm's own.
  package static let wrapper = KeyTable([
    ("image_size", .read), ("do_pooling", .noEffect("for models without a classifier")),
    ("initializer_range", .noEffect("initialisation")),
  ])
}
