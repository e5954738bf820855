// The way in for libFuzzer, which brings its own `main` and calls these functions. tools/fuzz.sh
// builds with LIBFUZZER where the toolchain has it; everywhere else there is OwnDriver.swift.
#if LIBFUZZER
  import CLibrary
  import TestSupport

  /// What `--target=NAME --seeds=FOLDER` ask for; libFuzzer itself ignores words that begin with `--`.
  private enum Guided {
    // libFuzzer calls from one thread.
    static nonisolated(unsafe) let target = make()
    private static nonisolated(unsafe) var folder: TemporaryFolder?

    private static func make() -> any Target {
      do {
        guard let name = option("target").flatMap(TargetName.init(rawValue:)) else {
          let names = TargetName.allCases.map(\.rawValue).joined(separator: "|")
          print("usage: vitfuzz --target=\(names) [--seeds=FOLDER] [libFuzzer's flags] [FOLDER]")
          exit(64)
        }
        let folder = try TemporaryFolder()
        self.folder = folder
        atexit { Guided.folder = nil }
        return try name.make(in: folder)
      } catch {
        fail("\(error)")
      }
    }

    static func option(_ name: String) -> String? {
      let start = "--\(name)="
      return CommandLine.arguments.first { $0.hasPrefix(start) }
        .map { String($0.dropFirst(start.count)) }
    }

    /// Ends as libFuzzer expects of a fault: it then keeps the input.
    static func fail(_ text: String) -> Never {
      print("vitfuzz: \(text)")
      fflush(nil)
      abort()
    }
  }

  /// Writes the sound inputs to the folder of `--seeds`.
  @_cdecl("LLVMFuzzerInitialize")
  func initialize(
    _ count: UnsafeMutablePointer<Int32>, _ words: UnsafeMutableRawPointer
  ) -> Int32 {
    do {
      let corpus = Guided.target.corpus
      if let seeds = Guided.option("seeds") {
        for (index, input) in corpus.enumerated() {
          try Files.write(input, to: "\(seeds)/seed-\(index)")
        }
      }
      return 0
    } catch {
      Guided.fail("\(error)")
    }
  }

  @_cdecl("LLVMFuzzerTestOneInput")
  func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do {
      _ = try Guided.target.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
      return 0
    } catch let finding as Finding {
      Guided.fail(finding.text)
    } catch {
      Guided.fail("an error of another kind: \(error)")
    }
  }

  /// The target's own changes, which `ByteMutator` mixes with libFuzzer's: those alone would hardly
  /// ever get past a checksum.
  @_cdecl("LLVMFuzzerCustomMutator")
  func mutate(
    _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ largest: Int, _ seed: UInt32
  ) -> Int {
    var source = RandomSource(seed: UInt64(seed))
    var input = Array(UnsafeBufferPointer(start: bytes, count: count))
    Guided.target.mutate(&input, &source)
    let kept = min(input.count, largest)
    bytes.update(from: input, count: kept)
    return kept
  }

  extension ByteMutator {
    /// One change by libFuzzer, which knows what the reader has compared its input with.
    static func guidedChange(_ bytes: inout [UInt8]) {
      let count = bytes.count
      bytes += [UInt8](repeating: 0, count: 64)
      let changed = bytes.withUnsafeMutableBufferPointer {
        libFuzzerMutate($0.baseAddress, count, $0.count)
      }
      bytes.removeSubrange(changed...)
    }
  }

  @_silgen_name("LLVMFuzzerMutate")
  private func libFuzzerMutate(
    _ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int, _ largest: Int
  ) -> Int
#endif
