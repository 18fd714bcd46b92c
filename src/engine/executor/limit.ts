/** Something of the machine that its steps are not kept apart from. */
export interface Limit {
  /** Stable: `network`, `seccomp`. */
  readonly id: 'network' | 'seccomp' | 'nested-namespaces' | 'processes' | 'chroot';
  /** One sentence, no full stop. */
  readonly message: string;
  /** What would make it otherwise. */
  readonly fix: string;
}

/** `why` there is no private network, and what would give one. */
export function sharedNetwork({ why, fix }: { readonly why: string; readonly fix: string }): Limit {
  return {
    id: 'network',
    message: `steps use the network of this machine, its loopback interface included: ${why}`,
    fix,
  };
}

/** The kernel has no seccomp filter, or not for this process. */
export function noFilter(): Limit {
  return {
    id: 'seccomp',
    message: 'steps may make any system call: the kernel takes no filter here',
    fix: 'a kernel with CONFIG_SECCOMP_FILTER, and CAP_SYS_ADMIN in the namespace of the build',
  };
}

/** The number of user namespaces can't be set to 0 where /proc/sys can't be written. */
export function nestedUserNamespaces(): Limit {
  return {
    id: 'nested-namespaces',
    message: 'steps may make user namespaces of their own, since /proc/sys is read-only here',
    fix: 'mount /proc/sys writable, or build outside of a container',
  };
}

/** A new /proc can't be mounted where parts of the present one are covered, so steps see that. */
export function sharedProcesses(): Limit {
  return {
    id: 'processes',
    message: 'steps see the command lines of the processes of this container, because parts of its /proc are covered',
    fix: 'uncover it (Podman: --security-opt unmask=ALL; Docker: --security-opt systempaths=unconfined; Kubernetes: procMount: Unmasked)',
  };
}

/** The limit of the whole chroot tier. */
export function onlyChroot(): Limit {
  return {
    id: 'chroot',
    message:
      'steps are only kept in by chroot: they share the processes, the network and the host name around them, have no /proc, can write to mounts that are read-only elsewhere, have files of secrets on the disk while they run, and root can leave it; files are copied for each RUN, which is slower',
    fix: '`cip doctor` prints how to allow user namespaces',
  };
}
