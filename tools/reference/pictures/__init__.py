"""Pictures of every kind, as files of the kinds that Pillow writes and of those that it only reads."""
