import CVectorExtras
import Glibc
import KernelInterface
import KernelsAVX2
import KernelsAVX512
import KernelsPortable
import ThreadPool

// Prints GFLOP/s for the shapes that matter, next to what the processor can do at that moment.
// Arguments: words that a line must contain; `-1` for one thread only; `-portable` or `-avx2` for
// other kernels than the fastest.

let kernels: any KernelSet.Type =
  if CommandLine.arguments.contains("-portable") {
    PortableKernels.self
  } else if CommandLine.arguments.contains("-avx2") || !cve_has_avx512() {
    AVX2Kernels.self
  } else {
    AVX512Kernels.self
  }
let filters = CommandLine.arguments.dropFirst().filter { !$0.hasPrefix("-") }
let threadCounts = CommandLine.arguments.contains("-1") ? [1] : [1, 2]
let seconds = 0.4

print(
  "step" + String(repeating: " ", count: 38)
    + "threads us       GFLOP/s  of peak  paired    p90    items")
for threads in threadCounts {
  let bench = Bench(threads: threads)
  for shape in [
    (197, 384, 1152), (197, 384, 384), (197, 384, 1536), (197, 1536, 384), (197, 192, 576),
    (197, 192, 768), (197, 768, 192), (197, 192, 192), (197, 768, 3072), (197, 3072, 768),
    (139, 384, 1152), (98, 384, 1536), (69, 1536, 384), (1576, 384, 1536), (1, 384, 1000),
  ] {
    for half in [false, true] {
      bench.linear(rows: shape.0, inputs: shape.1, outputs: shape.2, half: half)
    }
  }
  bench.linear(rows: 197, inputs: 384, outputs: 1536, half: false, activation: .gelu)
  bench.linear(rows: 197, inputs: 384, outputs: 1152, half: false, norm: true)
  bench.layerNorm(rows: 197, width: 384)
  for (tokens, heads) in [(197, 3), (197, 6), (197, 12), (139, 6), (98, 6), (69, 6)] {
    bench.attention(tokens: tokens, heads: heads, width: 64)
  }
  bench.attention(tokens: 197, heads: 4, width: 60)
  bench.convolution(
    "patch 16x16/16", image: true, channels: 3, side: 224, kernel: 16, stride: 16, padding: 0,
    outputs: 384)
  bench.convolution(
    "stem 7x7/2", image: true, channels: 3, side: 224, kernel: 7, stride: 2, padding: 3,
    outputs: 64)
  bench.convolution(
    "stem 3x3", image: false, channels: 64, side: 112, kernel: 3, stride: 1, padding: 1,
    outputs: 64)
  bench.convolution(
    "proj 8x8/8", image: false, channels: 64, side: 112, kernel: 8, stride: 8, padding: 0,
    outputs: 384)
  bench.depthwise(side: 14, channels: 384, kernel: 7, dilation: 3)
  bench.depthwise(side: 14, channels: 384, kernel: 5, dilation: 1)
  bench.assign(patches: 196, keep: 138, width: 384)
  bench.dispatch()
}
