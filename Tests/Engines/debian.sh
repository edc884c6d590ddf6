# What the tests share that boot a Debian 12 with its systemd in a container. They source it before common.sh,
# and call `debian_begin "$@"`, `debian_system` and `debian_boot`.
#
#   $root               the file system of the container
#   inside COMMAND...   runs a command in the container

# Here a system is kept, once it is made, for the next time.
export ENGINE_CACHE=${ENGINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dist-train}
debian_packages=systemd,systemd-sysv,libstdc++6
archive=$ENGINE_CACHE/debian-12-${debian_packages//,/-}.tar

# debian_begin "$@": makes namespaces and a control group of their own, in which the script starts again.
debian_begin() {
    need debootstrap systemd-nspawn nsenter
    need_root
    if [[ -z ${ENGINE_DIRECTORY:-} ]]; then
        debian_archive
        trap 'clean_up; remove_groups' EXIT
        enter_groups
    fi
    in_namespaces "--net --mount" "$@"
}

# Without a systemd outside, containers share the group of whoever starts them.
enter_groups() {
    groups=()
    if [[ -d /run/systemd/system ]]; then return; fi
    local hierarchy group
    for hierarchy in /sys/fs/cgroup/{systemd,unified,.}; do
        if [[ ! -w $hierarchy/cgroup.procs ]]; then continue; fi
        group=$hierarchy/dist-train-$$
        mkdir "$group" || skip "no control group can be made in $hierarchy"
        groups+=("$group")
        echo $$ >"$group/cgroup.procs"
    done
}

remove_groups() {
    local group
    for group in "${groups[@]}"; do
        echo $$ >"${group%/*}/cgroup.procs"
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    rmdir "/run/systemd/nspawn/propagate/$(machine)" 2>/dev/null || true
}

# Makes the archive of a new Debian, if there is none.
debian_archive() {
    mkdir -p "$ENGINE_CACHE"
    exec 9>"$archive.lock"
    flock 9
    if [[ ! -e $archive ]]; then
        echo "making a Debian 12 for $archive" >&2
        debootstrap --variant=minbase --include="$debian_packages" bookworm "$directory/made" \
            >"$directory/debootstrap.log" 2>&1 ||
            skip "debootstrap makes no Debian 12: $(tail -n 1 "$directory/debootstrap.log")"
        rm -rf "$directory"/made/var/{cache/apt/*.bin,cache/apt/archives/*.deb,lib/apt/lists/*}
        tar -C "$directory/made" -cf "$archive.new" .
        mv "$archive.new" "$archive"
        rm -rf "$directory/made"
    fi
    exec 9>&-
}

# Makes the file system of a Debian in $root.
debian_system() {
    root=$directory/root
    mkdir "$root"
    tar -C "$root" -xf "$archive"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
    install -m 755 "$program" "$root/program"
    if chroot "$root" /program --version 2>&1 | grep -q 'GLIBC.* not found'; then
        skip 'the program was made with a newer C library than that of Debian 12'
    fi
    rm "$root/program"
}

# Boots it, with the loopback interface alone.
debian_boot() {
    local options=(--quiet --directory "$root" --boot --register=no --private-network --link-journal=no
        --resolv-conf=off --timezone=off --machine "$(machine)")
    if [[ ! -d /run/systemd/system ]]; then options+=(--keep-unit); fi
    # As systems of today have it, where this kernel has it.
    if grep -q ' cgroup2 ' /proc/mounts; then export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1; fi
    systemd-nspawn "${options[@]}" >"$directory/boot.log" 2>&1 </dev/null &
    container=$!
    processes+=("$container")
    local end=$((SECONDS + 60))
    until inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
        if ! kill -0 "$container" 2>/dev/null || ((SECONDS > end)); then
            skip "systemd-nspawn boots no Debian 12 here: $(tail -n 1 "$directory/boot.log")"
        fi
        sleep 0.2
    done
}

# The name of the container, of letters and digits.
machine() { basename "$directory" | tr -c -d 'a-zA-Z0-9'; }

# Prints the id of the container's process 1.
first_process() { cut -d ' ' -f 1 "/proc/$container/task/$container/children"; }

inside() {
    nsenter --target "$(first_process)" --mount --uts --ipc --net --pid --cgroup --root --wd \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/tmp "$@"
}
