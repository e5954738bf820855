// The way in without libFuzzer.
#if !LIBFUZZER
  import CLibrary
  import TestSupport

  /// Changes sound files at random and feeds them to one of the readers, for a time or a number of
  /// rounds. Every round depends on its seed alone, so a fault is seen again with `--seed N --rounds 1`.
  ///
  /// A fault is a signal, a round of more than ten seconds, an error that is no `InputError`, or a
  /// `Finding`. Each prints `vitfuzz: TARGET: seed N: ...` and ends with another exit code than 0.
  @main
  struct Fuzz {
    static func main() throws {
      guard let arguments = try? Arguments(CommandLine.arguments.dropFirst()) else {
        print(Arguments.usage)
        exit(64)
      }
      let folder = try TemporaryFolder()
      let target = try arguments.target.make(in: folder)
      Faults.report(as: arguments.target.rawValue)
      let start = Clock.seconds()
      var rounds = 0
      var accepted = 0
      while rounds < arguments.rounds, Clock.seconds() - start < arguments.seconds {
        let seed = arguments.seed &+ UInt64(rounds)
        Faults.begin(seed: seed)
        var source = RandomSource(seed: seed &* 0x2545_F491_4F6C_DD1D)
        var input = source.pick(target.corpus)
        target.mutate(&input, &source)
        if let copy = arguments.copy {
          _ = try copy.withCString { path in try Files.write(input, to: String(cString: path)) }
        }
        do {
          if try target.check(input) { accepted += 1 }
        } catch let finding as Finding {
          Faults.fail("\(finding.text)")
        } catch {
          Faults.fail("an error of another kind: \(error)")
        }
        rounds += 1
      }
      Faults.end()
      let seconds = Int((Clock.seconds() - start).rounded())
      print(
        "\(arguments.target.rawValue): \(rounds) executions in \(seconds) s, \(accepted) accepted, "
          + "seeds from \(arguments.seed)")
    }
  }

  /// `vitfuzz TARGET [--seconds N] [--rounds N] [--seed N] [--copy FILE]`.
  private struct Arguments {
    let target: TargetName
    var seconds = Double.infinity
    var rounds = Int.max
    var seed: UInt64 = 1
    /// Where every changed input is written before it is tried.
    var copy: String?

    init(_ words: ArraySlice<String>) throws {
      var words = words
      guard let name = words.popFirst(), let target = TargetName(rawValue: name) else {
        throw Usage()
      }
      self.target = target
      while let flag = words.popFirst() {
        guard let word = words.popFirst() else { throw Usage() }
        switch (flag, UInt64(word)) {
        case ("--seconds", let number?): seconds = Double(number)
        case ("--rounds", let number?): rounds = Int(clamping: number)
        case ("--seed", let number?): seed = number
        case ("--copy", _): copy = word
        default: throw Usage()
        }
      }
    }

    private struct Usage: Error {}

    static var usage: String {
      let names = TargetName.allCases.map(\.rawValue).joined(separator: "|")
      return "usage: vitfuzz \(names) [--seconds N] [--rounds N] [--seed N] [--copy FILE]"
    }
  }

  /// Time that only goes forward.
  enum Clock {
    static func seconds() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
  }
#endif
