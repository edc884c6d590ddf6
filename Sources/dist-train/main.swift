import Platform
import Threads

establishFloatingPointMode()
// All output is flushed. `exit` would wait for OpenBLAS' threads, which never end where memory is limited.
_exit(Program.run(Array(CommandLine.arguments.dropFirst())))
