"""Small checkpoints as timm, transformers and torchvision write them, and what an importer must find."""
