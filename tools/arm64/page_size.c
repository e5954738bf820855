// For LD_PRELOAD: a system whose pages have PAGE_BYTES bytes, as far as a program asks for their size.
int getpagesize(void) { return PAGE_BYTES; }
