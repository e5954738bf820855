import Testing

/// Says why a test, or one of its arguments, has nothing to test here, as far as the Testing of this Swift can; the test
/// ends behind it.
func skip(_ reason: String) throws {
  #if compiler(>=6.3)
    try Test.cancel("\(reason)")
  #else
    print("skipped: \(reason)")
  #endif
}
