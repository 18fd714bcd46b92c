/** Something that root of an ordinary container may do and a step of this executor may not. */
export interface Lack {
  /** Stable: `devices`. */
  readonly id: 'devices' | 'raw-sockets' | 'ping' | 'owners' | 'proc' | 'set-user-id' | 'far-owners' | 'host-name';
  /** One sentence, no full stop. */
  readonly message: string;
  /** What to do instead, or what would make it otherwise. */
  readonly fix: string;
  /** Names of programs that are known to fail for it. */
  readonly programs: readonly string[];
  /** What they say when they fail for it; absent where they say many things. */
  readonly saying?: RegExp;
}

/** The kernel asks for CAP_MKNOD of its first user namespace (mknod(2)); pipes, sockets and whiteouts need nothing. */
export function noDevices(): Lack {
  return {
    id: 'devices',
    message: 'steps cannot make device nodes (mknod), because they run in a user namespace',
    fix: 'put the nodes into an archive and ADD it, or leave /dev to the runtime that starts the container',
    programs: ['mknod', 'makedev', 'MAKEDEV', 'debootstrap', 'mmdebstrap'],
  };
}

/** See `rejectLoopbackCalls()`; the network of the machine belongs to another user namespace. */
export function noRawSockets(): Lack {
  return {
    id: 'raw-sockets',
    message:
      'steps cannot open raw sockets, and programs that carry cap_net_raw as a file capability do not start at all',
    fix: 'RUN --network=none has them on its own loopback interface; the ping of iputils needs none (`setcap -r FILE` if it carries the capability), the one of busybox in Debian always does',
    programs: ['traceroute', 'tcpdump', 'arping', 'nmap', 'mtr', 'fping', 'hping3', 'ping'],
  };
}

/** `network`: whose settings it is about. */
export function noPing(network: 'host' | 'private'): Lack {
  const wanted = 'net.ipv4.ping_group_range';
  return {
    id: 'ping',
    message: `steps cannot ping: ${wanted} leaves them out, and they have no raw sockets`,
    fix:
      network === 'host'
        ? `sudo sysctl -w ${wanted}="0 2147483647", or use RUN --network=none to ping 127.0.0.1`
        : 'mount /proc/sys writable, or use RUN --network=none to ping 127.0.0.1',
    programs: ['ping', 'ping4', 'ping6'],
  };
}

/** The filter of system calls that a container has lets steps make namespaces, and name none (Podman). */
export function noHostName(): Lack {
  return {
    id: 'host-name',
    message: 'steps have the host name of this container, since setting another is refused here',
    fix: 'lift the filter of system calls of the container (Podman, Docker: --security-opt seccomp=unconfined; Kubernetes: seccompProfile of type Unconfined)',
    programs: ['hostname', 'uname', 'hostnamectl'],
  };
}

/** Fewer ids than images use. */
export function fewOwners(): Lack {
  return {
    id: 'owners',
    message: 'steps cannot give files to all users and groups, because this user has too few ids',
    fix: 'give the user a range of 65536 ids in /etc/subuid and /etc/subgid (`cip doctor` prints the command)',
    programs: ['chown', 'chgrp', 'useradd', 'adduser', 'install', 'apt-get', 'apt', 'dpkg', 'su', 'tar'],
  };
}

/** no_new_privs is handed on to all that a process starts, and nothing takes it away (prctl(2)). */
export function noSetUserId(): Lack {
  return {
    id: 'set-user-id',
    message:
      'set-user-ID programs and file capabilities have no effect in steps, because cip was started with no_new_privs',
    fix: 'start cip without it: no --security-opt no-new-privileges (Docker, Podman), allowPrivilegeEscalation: true (Kubernetes), NoNewPrivileges=no (systemd)',
    programs: ['sudo', 'su', 'doas', 'newgrp', 'sg', 'passwd', 'chsh', 'chfn', 'gpasswd', 'crontab', 'mount', 'umount'],
  };
}

/** Ids end at the last one of the map: what is above does not exist for the kernel (EINVAL of chown(2)). */
export function farOwners(lastUser: number, lastGroup: number): Lack {
  const end = lastUser === lastGroup ? `${lastUser}` : `${lastUser} for users and at ${lastGroup} for groups`;
  return {
    id: 'far-owners',
    message: `the ids that steps can give files to end at ${end} here`,
    fix: 'use smaller ids, or build with more of them: as root of the machine, or as a user with longer ranges in /etc/subuid and /etc/subgid',
    programs: [...fewOwners().programs, 'usermod', 'groupmod', 'groupadd', 'addgroup', 'cp', 'rsync', 'npm', 'apk'],
    saying: /invalid argument|EINVAL/i,
  };
}

/** In a chroot nothing can be mounted. */
export function noProc(): Lack {
  return {
    id: 'proc',
    message: 'steps have no /proc and no /sys, because this machine allows no mounts',
    fix: '`cip doctor` prints how to allow user namespaces',
    programs: ['ps', 'top', 'free', 'pgrep', 'pkill', 'killall', 'uptime', 'mount', 'sysctl', 'nproc'],
  };
}

/**
 * The first lack for which a program is known to fail that `command` names, and that program. `said` is the end of what it
 * printed.
 */
export function lackOf(
  command: string,
  lacks: readonly Lack[],
  said: readonly string[] = [],
): (Lack & { readonly program: string }) | undefined {
  const names = command.split(/[^\w./+-]+/).map((word) => word.slice(word.lastIndexOf('/') + 1));
  for (const lack of lacks) {
    const { saying } = lack;
    if (saying !== undefined && !said.some((line) => saying.test(line))) continue;
    const program = names.find((name) => lack.programs.includes(name));
    if (program !== undefined) return { ...lack, program };
  }
  return undefined;
}
