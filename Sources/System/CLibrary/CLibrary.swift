// The system's C library, whatever it is called there: Linux with glibc is what is tested, the other names let the rest be
// tried elsewhere.
#if canImport(Darwin)
  @_exported public import Darwin
#elseif canImport(Musl)
  @_exported public import Musl
#else
  @_exported public import Glibc
#endif
