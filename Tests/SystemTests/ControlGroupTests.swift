import System
import Testing

/// Limits of control groups, read from the files that Linux shows of them.
@Suite struct ControlGroupTests {
    /// `/proc/self/cgroup`, `/proc/self/mountinfo`, further files, cores, bytes.
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let groups: String
        let mounts: String
        let files: [String: String]
        let cores: Double?
        let memory: Int?

        var testDescription: String { name }

        var found: ControlGroup {
            ControlGroup { path in
                ["/proc/self/cgroup": groups, "/proc/self/mountinfo": mounts][path] ?? files[path]
            }
        }
    }

    static let second = "34 24 0:29 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    static let first = """
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd

        """
    static let noLimit = "9223372036854771712\n"

    static let examples = [
        Example(
            name: "no control groups", groups: "", mounts: "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
            files: [:],
            cores: nil, memory: nil),
        Example(
            name: "v2 without limits", groups: "0::/user.slice\n", mounts: second,
            files: [
                "/sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
                "/sys/fs/cgroup/user.slice/memory.max": "max\n",
            ], cores: nil, memory: nil),
        Example(
            name: "v2, one and a half cores, 512 MiB", groups: "0::/a\n", mounts: second,
            files: [
                "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
                "/sys/fs/cgroup/a/memory.max": "536870912\n",
            ], cores: 1.5, memory: 512 << 20),
        Example(
            name: "v2 nested: the smallest along the path", groups: "0::/a/b/c\n", mounts: second,
            files: [
                "/sys/fs/cgroup/a/cpu.max": "50000 100000\n",
                "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
                "/sys/fs/cgroup/a/b/c/cpu.max": "400000 100000\n",
                "/sys/fs/cgroup/a/b/memory.max": "1073741824\n",
                "/sys/fs/cgroup/a/b/c/memory.max": "max\n",
            ], cores: 0.5, memory: 1 << 30),
        Example(
            name: "v2 in a container with a namespace of its own", groups: "0::/\n", mounts: second,
            files: [
                "/sys/fs/cgroup/cpu.max": "200000 50000\n", "/sys/fs/cgroup/memory.max": "4096\n",
            ], cores: 4, memory: 4096),
        Example(
            name: "v2, the group is outside of the namespace", groups: "0::/../../other\n", mounts: second,
            files: ["/sys/fs/cgroup/cpu.max": "100000 100000\n"], cores: 1, memory: nil),
        Example(
            name: "v1 without limits", groups: "4:memory:/\n3:cpu,cpuacct:/\n", mounts: first,
            files: [
                "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": noLimit,
            ], cores: nil, memory: nil),
        Example(
            name: "v1, a quarter of a core", groups: "4:memory:/m\n3:cpu,cpuacct:/c\n1:name=systemd:/s\n",
            mounts: first,
            files: [
                "/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us": "25000\n",
                "/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/memory/m/memory.limit_in_bytes": "268435456\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": noLimit,
            ], cores: 0.25, memory: 256 << 20),
        Example(
            name: "v1 in a container that sees the host's path", groups: "3:cpu,cpuacct:/docker/4f1\n",
            mounts: "32 31 0:29 /docker/4f1 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpuacct,cpu\n",
            files: [
                "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
                "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            ], cores: 3, memory: nil),
        Example(
            name: "both: v1 for processor time, v2 for memory", groups: "3:cpu,cpuacct:/c\n0::/u\n",
            mounts: first + second,
            files: [
                "/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us": "200000\n",
                "/sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us": "100000\n",
                "/sys/fs/cgroup/u/memory.max": "1024\n",
            ], cores: 2, memory: 1024),
        Example(
            name: "a blank in the path of the mount", groups: "0::/\n",
            mounts: #"34 24 0:29 / /my\040groups rw - cgroup2 cgroup2 rw"# + "\n",
            files: ["/my groups/cpu.max": "100000 100000\n"], cores: 1, memory: nil),
        Example(
            name: "nonsense", groups: "x\n::::\n0::/a\n", mounts: second + "garbage\n",
            files: ["/sys/fs/cgroup/a/cpu.max": "a b c\n", "/sys/fs/cgroup/a/memory.max": "-7\n"],
            cores: nil, memory: nil),
        Example(
            name: "a quota of nothing", groups: "0::/a\n", mounts: second,
            files: ["/sys/fs/cgroup/a/cpu.max": "0 100000\n", "/sys/fs/cgroup/a/memory.max": "0\n"],
            cores: nil, memory: nil),
    ]

    @Test(arguments: examples) func limits(example: Example) {
        #expect(example.found.cores == example.cores)
        #expect(example.found.memory == example.memory)
    }

    @Test(
        arguments: [
            // cores in the affinity mask, limit, cores that are used
            (8, nil, 8), (8, 0.1, 1), (8, 0.5, 1), (8, 1, 1), (8, 1.4, 1), (8, 1.5, 2), (8, 2, 2),
            (8, 7.6, 8),
            (8, 100, 8), (1, 1.5, 1), (2, 1.5, 2), (0, nil, 1),
        ] as [(Int, Double?, Int)])
    func cores(available: Int, limit: Double?, used: Int) {
        #expect(Processor.cores(available: available, limit: limit) == used)
    }

    /// The cores that a control group may use, of both generations; the smallest list along the path.
    @Test(
        arguments: [
            ("0-3\n", 4), ("0\n", 1), ("0-1,4,6-7\n", 5), ("\n", nil), ("x\n", nil), ("3-1\n", nil),
            ("0-99999999999\n", nil),
        ] as [(String, Int?)])
    func cpusets(list: String, count: Int?) {
        let second = ControlGroup { path in
            [
                "/proc/self/cgroup": "0::/a\n", "/proc/self/mountinfo": Self.second,
                "/sys/fs/cgroup/cpuset.cpus.effective": "0-63\n",
                "/sys/fs/cgroup/a/cpuset.cpus.effective": list,
            ][path]
        }
        #expect(second.cpuset == count ?? 64)
        let first = ControlGroup { path in
            [
                "/proc/self/cgroup": "3:cpuset:/job\n",
                "/proc/self/mountinfo": "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n",
                "/sys/fs/cgroup/cpuset/job/cpuset.effective_cpus": list,
            ][path]
        }
        #expect(first.cpuset == count)
    }

    @Test func theSmallestMemoryCounts() {
        let machine = PhysicalMemory.machine
        var group = ControlGroup { _ in nil }
        #expect(MemoryLimit.shared(group) == MemoryLimit(machine, .machine))
        group.memory = machine * 2
        #expect(MemoryLimit.shared(group) == MemoryLimit(machine, .machine))
        group.memory = 1 << 20
        #expect(MemoryLimit.shared(group) == MemoryLimit(1 << 20, .controlGroup))
    }
}
