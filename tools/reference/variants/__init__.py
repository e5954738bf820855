"""Ways in which people write one ViT to a file."""
