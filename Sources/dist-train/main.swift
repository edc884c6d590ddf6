import Platform
import Threads

establishFloatingPointMode()
exit(Program.run(Array(CommandLine.arguments.dropFirst())))
