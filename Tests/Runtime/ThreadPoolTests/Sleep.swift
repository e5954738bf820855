import CLibrary

func sleepMilliseconds(_ milliseconds: UInt32) { usleep(milliseconds * 1000) }
