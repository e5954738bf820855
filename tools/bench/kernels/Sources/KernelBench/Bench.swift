import Glibc
import KernelInterface
import ThreadPool

/// Times steps on a pool of threads.
final class Bench: @unchecked Sendable {
  let threads: Int
  let pool: ThreadPool
  let scratch: [UnsafeMutableRawPointer]

  init(threads: Int) {
    self.threads = threads
    pool = ThreadPool(threadCount: threads)
    scratch = (0..<threads).map { _ in
      UnsafeMutableRawPointer.allocate(byteCount: 64 << 20, alignment: 64)
    }
  }

  /// Repeats a step for a while; prints the median and the best rate.
  func report(
    _ name: String, flops: Double, items: Int,
    _ run:
      @escaping @Sendable (_ item: Int, _ scratch: UnsafeMutableRawPointer, _ turn: Int) -> Void
  ) {
    guard filters.isEmpty || filters.contains(where: { name.contains($0) }) else { return }
    nonisolated(unsafe) let scratch = scratch
    nonisolated(unsafe) var turn = 0
    let region: ThreadPool.Region = { worker in
      let own = scratch[worker.index]
      worker.forEach(itemCount: items) { item in run(item, own, turn) }
    }
    for _ in 0..<3 { pool.run(region) }
    // A neighbour on the same core takes part of it from time to time: each run is compared with the
    // peak just before and just after it.
    var runs: [(time: Double, share: Double)] = []
    let end = now() + seconds
    var highest = 0.0
    while now() < end || runs.count < 5 {
      let before = measurePeak()
      turn += 1
      let start = now()
      pool.run(region)
      let time = now() - start
      let after = measurePeak()
      highest = max(highest, before, after)
      let limit = (before + after) / 2 * Double(threads)
      runs.append((time, flops / time / 1e9 / limit))
    }
    let times = runs.map(\.time).sorted()
    let shares = runs.map(\.share).sorted()
    let best = times[times.count / 20]
    let rate = flops / best / 1e9
    print(
      pad(name, 42) + pad("\(threads)", 8) + pad(fixed(best * 1e6), 9) + pad(fixed(rate), 9)
        + pad(percent(rate / highest / Double(threads)), 9)
        + pad(percent(shares[shares.count / 2]), 10)
        + pad(percent(shares[shares.count * 9 / 10]), 7) + "\(items)")
  }

  func linear(
    rows: Int, inputs: Int, outputs: Int, half: Bool, activation: Activation = .none,
    norm: Bool = false
  ) {
    let x = floats(rows * inputs)
    let y = floats(rows * outputs)
    let bias = floats(outputs)
    let count = PanelLayout.elementCount(inputs: inputs, outputs: outputs)
    let bytes = count * (half ? 2 : 4)
    // As in a model, no weight is in a cache when its turn comes.
    let copies = max(1, (96 << 20) / bytes)
    let all = half ? halves(count * copies) : UnsafeRawPointer(floats(count * copies))
    let arguments = (0..<copies).map {
      LinearArguments(
        for: kernels.tiles, input: InputRows(x, imageStride: rows, stride: inputs),
        output: OutputRows(y, imageStride: rows, stride: outputs), images: 1, rows: rows,
        inputWidth: inputs, outputWidth: outputs,
        weights: PanelWeights(all + $0 * bytes, element: half ? .float16 : .float32), bias: bias,
        norm: norm ? LayerNorm(gamma: bias, beta: bias, epsilon: 1e-6) : nil,
        activation: activation)
    }
    report(
      "linear \(rows)x\(inputs)x\(outputs) \(half ? "f16" : "f32")\(norm ? " norm" : "") \(activation)",
      flops: 2 * Double(rows) * Double(inputs) * Double(outputs), items: arguments[0].items.count
    ) { kernels.linear(arguments[$2 % copies], item: $0, scratch: $1) }
    if let kernels = kernels as? any PairedKernelSet.Type, arguments[0].isWorthPairing {
      let terms = floats(PairedWeightsArguments.termCount(outputs: outputs))
      let stride = paddedStride(inputs)
      let scaled = OutputRows(floats(rows * stride), imageStride: rows, stride: stride)
      let rowTerms = floats(2 * rows)
      let paired = arguments.map {
        PairedLinearArguments($0, scaled: scaled, rowTerms: rowTerms, weightTerms: terms)
      }
      // The rate counts what the direct sum multiplies, so that the times of both compare.
      let flops = 2 * Double(rows) * Double(inputs) * Double(outputs)
      let shape = "\(rows)x\(inputs)x\(outputs) \(half ? "f16" : "f32")"
      report(
        "pairs \(shape)\(norm ? " norm" : "") \(activation)", flops: flops,
        items: paired[0].product.items.count
      ) { kernels.pairedLinear(paired[$2 % copies], item: $0, scratch: $1) }
      report(
        "pair rows \(shape)\(norm ? " norm" : "")", flops: 0, items: paired[0].rowSplit.items.count
      ) {
        item, _, turn in kernels.pairedRows(paired[turn % copies], item: item)
      }
      let weights = arguments.map { PairedWeightsArguments($0, terms: terms) }
      report("pair weights \(shape)", flops: 0, items: weights[0].items.count) {
        item, _, turn in kernels.pairedWeights(weights[turn % copies], item: item)
      }
    }
    all.deallocate()
  }

  func layerNorm(rows: Int, width: Int) {
    let arguments = LayerNormArguments(
      for: kernels.tiles,
      input: InputRows(floats(rows * width), imageStride: rows, stride: width),
      output: OutputRows(floats(rows * width), imageStride: rows, stride: width), images: 1,
      rows: rows, width: width,
      norm: LayerNorm(gamma: floats(width), beta: floats(width), epsilon: 1e-6))
    report(
      "layerNorm \(rows)x\(width)", flops: 8 * Double(rows * width), items: arguments.items.count
    ) { item, _, _ in kernels.layerNorm(arguments, item: item) }
  }

  func attention(tokens: Int, heads: Int, width: Int) {
    let embedding = heads * width
    let arguments = AttentionArguments(
      for: kernels.tiles,
      qkv: InputRows(floats(tokens * embedding * 3), imageStride: tokens, stride: 3 * embedding),
      output: OutputRows(floats(tokens * embedding), imageStride: tokens, stride: embedding),
      images: 1, tokens: tokens, heads: heads, headWidth: width, scale: 0.125)
    report(
      "attention \(tokens)x\(heads)x\(width)",
      flops: 4 * Double(tokens) * Double(tokens) * Double(embedding), items: arguments.items.count
    ) { item, scratch, _ in kernels.attention(arguments, item: item, scratch: scratch) }
  }

  func convolution(
    _ name: String, image: Bool, channels: Int, side: Int, kernel: Int, stride: Int,
    padding: Int, outputs: Int
  ) {
    let x = floats(channels * side * side)
    let window = kernel * kernel * channels
    let out = (side + 2 * padding - kernel) / stride + 1
    let arguments = ConvolutionArguments(
      for: kernels.tiles,
      input: image
        ? .image(x) : .map(InputRows(x, imageStride: side * side, stride: channels)),
      channels: channels, height: side, width: side, kernel: kernel, stride: stride,
      padding: padding,
      output: OutputRows(floats(out * out * outputs), imageStride: out * out, stride: outputs),
      images: 1, outputChannels: outputs,
      weights: PanelWeights(
        floats(PanelLayout.elementCount(inputs: window, outputs: outputs)), element: .float32),
      bias: floats(outputs), activation: .relu)
    let flops = 2 * Double(out * out) * Double(window) * Double(outputs)
    report("convolution \(name)", flops: flops, items: arguments.items.count) { item, scratch, _ in
      kernels.convolution(arguments, item: item, scratch: scratch)
    }
    guard arguments.isWorthWinograd else { return }
    let filtered = WinogradArguments(
      arguments, weights: floats(WinogradArguments.weightCount(arguments)))
    // The rate counts what the direct sum multiplies, so that the times of both compare.
    report("winograd \(name)", flops: flops, items: filtered.items.count) { item, scratch, _ in
      kernels.winograd(filtered, item: item, scratch: scratch)
    }
    report("winograd weights \(name)", flops: 0, items: filtered.weightItems.count) { item, _, _ in
      kernels.winogradWeights(filtered, item: item)
    }
  }

  func depthwise(side: Int, channels: Int, kernel: Int, dilation: Int) {
    let arguments = DepthwiseArguments(
      input: InputRows(
        floats(side * side * channels), imageStride: side * side, stride: channels),
      output: OutputRows(
        floats(side * side * channels), imageStride: side * side, stride: channels),
      images: 1, height: side, width: side, channels: channels, kernel: kernel,
      dilation: dilation, taps: floats(kernel * kernel * channels), bias: floats(channels))
    report(
      "depthwise \(kernel)x\(kernel)", flops: 2 * Double(side * side * channels * kernel * kernel),
      items: arguments.items.count
    ) { item, _, _ in kernels.depthwise(arguments, item: item) }
  }

  func assign(patches: Int, keep: Int, width: Int) {
    let kept = UnsafeMutablePointer<Int32>.allocate(capacity: patches)
    for i in 0..<patches { kept[i] = Int32(i) }
    let arguments = AssignArguments(
      input: InputRows(floats((patches + 1) * width), imageStride: patches + 1, stride: width),
      images: 1, prefix: 1, patches: patches, keep: keep, width: width, similarity: .cosine,
      kept: kept, dropped: kept + keep, destination: .allocate(capacity: patches))
    report(
      "assign \(patches) to \(keep)", flops: 2 * Double((patches - keep) * keep * width),
      items: arguments.items.count
    ) { item, scratch, _ in kernels.assign(arguments, item: item, scratch: scratch) }
  }

  /// A region of 100 steps with nothing to do.
  func dispatch() {
    guard filters.isEmpty || filters.contains("dispatch") else { return }
    let region: ThreadPool.Region = { worker in
      for _ in 0..<100 { worker.forEach(itemCount: 8) { _ in } }
    }
    var times: [Double] = []
    for _ in 0..<2000 {
      let start = now()
      pool.run(region)
      times.append(now() - start)
    }
    times.sort()
    print("dispatch \(threads) threads: \(fixed(times[times.count / 2] * 1e4)) us a step")
  }
}

func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
  let raw = UnsafeMutableRawPointer.allocate(byteCount: (count + 64) * 4, alignment: 64)
  let pointer = raw.bindMemory(to: Float.self, capacity: count + 64)
  for i in 0..<count + 64 { pointer[i] = Float((i &* 7919) & 1023) / 1024 - 0.5 }
  return pointer
}

func halves(_ count: Int) -> UnsafeRawPointer {
  let raw = UnsafeMutableRawPointer.allocate(byteCount: (count + 64) * 2, alignment: 64)
  let pointer = raw.bindMemory(to: UInt16.self, capacity: count + 64)
  for i in 0..<count + 64 { pointer[i] = 0x3000 | UInt16(truncatingIfNeeded: i & 0x83FF) }
  return UnsafeRawPointer(raw)
}

func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(1, width - text.utf8.count))
}

func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }

func fixed(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

/// GFLOP/s of one core on fused multiply-adds that wait for nothing.
func measurePeak() -> Double {
  let rounds = 1000
  let start = now()
  kernels.multiplyAddLoop(peakValues, rounds: rounds)
  return Double(rounds * 192 * 2) / (now() - start) / 1e9
}

nonisolated(unsafe) private let peakValues = floats(224)
