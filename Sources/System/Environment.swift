import CSystem
import Platform

/// The process's environment variables.
package enum Environment {
    package static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    package static func all() -> [String: String] {
        var all: [String: String] = [:]
        guard var entry = csystem_environment() else { return all }
        while let text = entry.pointee {
            let variable = String(cString: text)
            if let equals = variable.firstIndex(of: "=") {
                all[String(variable[..<equals])] = String(variable[variable.index(after: equals)...])
            }
            entry += 1
        }
        return all
    }
}
