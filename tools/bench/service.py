"""What a service gets from Python: images of files a second, beside timm and onnxruntime with PyTorch's DataLoader.

Usage: service.py CHECKPOINT.safetensors IMAGES [--count 1000] [--batch 16] [--rounds 3] [--arch NAME]

CHECKPOINT is one of timm's DeiT or ViT, IMAGES a folder of JPEG files, which are taken again until there are as many as
asked. All engines see the same files in the same rounds, in turn, each in this process, with two threads, and two workers
for the loader. Needs the package vitc (pip install ./tools/python), timm, onnxruntime and onnx.
"""

import argparse
import os
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import onnxruntime
import timm
import torch
from PIL import Image
from safetensors.torch import load_file

import vitc

WORKERS, THREADS = 2, 2


class Files(torch.utils.data.Dataset):
    """timm's evaluation transform of each file."""

    def __init__(self, paths, transform):
        self.paths, self.transform = paths, transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.transform(Image.open(self.paths[index]).convert("RGB"))


def loader(paths, transform, batch):
    return torch.utils.data.DataLoader(Files(paths, transform), batch_size=batch, num_workers=WORKERS)


def onnx_session(model, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, torch.zeros(1, 3, 224, 224), path, input_names=["image"], output_names=["logits"],
            dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}}, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("images")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arch", default="deit_tiny_patch16_224")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    found = sorted(path for path in Path(arguments.images).iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    paths = (found * (arguments.count // len(found) + 1))[:arguments.count]
    model = timm.create_model(arguments.arch).eval()
    model.load_state_dict(load_file(arguments.checkpoint))
    transform = timm.data.create_transform(**timm.data.resolve_data_config(model.pretrained_cfg))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", vitc.VitcWarning)
        plan = vitc.convert(model, os.path.join(folder, "plan.bin"))
        session = vitc.Session(plan, batch=arguments.batch, threads=THREADS)
        other = onnx_session(model, os.path.join(folder, "model.onnx"))

        def run_vitc():
            return [classes[0].index for classes in session.classify(paths, top=1)]

        def run_timm():
            with torch.inference_mode():
                return [
                    index for batch in loader(paths, transform, arguments.batch) for index in model(batch).argmax(1).tolist()]

        def run_onnx():
            return [
                index for batch in loader(paths, transform, arguments.batch)
                for index in other.run(None, {"image": batch.numpy()})[0].argmax(1).tolist()]

        engines = {"vitc": run_vitc, "timm": run_timm, "onnxruntime": run_onnx}
        rates, answers = {name: [] for name in engines}, {}
        for _ in range(arguments.rounds):
            for name, run in engines.items():
                start = time.perf_counter()
                answers[name] = run()
                rates[name].append(len(paths) / (time.perf_counter() - start))
        for name, rate in rates.items():
            same = sum(map(int.__eq__, answers[name], answers["timm"])) / len(paths)
            ratio = statistics.median(own / peer for own, peer in zip(rates["vitc"], rate))
            print(f"{name}: {statistics.median(rate):.1f} images/s, vitc {ratio:.2f} x as many; "
                  f"{same:.1%} of the classes are timm's")


if __name__ == "__main__":
    main()
