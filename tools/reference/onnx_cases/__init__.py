"""Models as people export them to ONNX, for `onnx_fixtures.py`."""
