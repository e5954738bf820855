/// From now on, an allocation of Swift's that the system refuses ends the process with exit code 1 and one
/// line that begins with `tool`, after `clean` was called. Both must live as long as the process; `clean`
/// must not allocate.
///
/// Takes effect where the program is linked with
/// `--wrap=_ZN5swift28swift_abortAllocationFailureEmm`.
void vit_end_on_refused_memory(const char *tool, void (*clean)(void));
