import { readFile } from 'node:fs/promises';

/** Settings that decide whether a process may have a user namespace; undefined where the kernel has no such setting. */
export interface NamespaceSettings {
  /** `user.max_user_namespaces` */
  readonly maxUserNamespaces: number | undefined;
  /** `kernel.unprivileged_userns_clone`, of Debian */
  readonly unprivilegedClone: number | undefined;
  /** `kernel.apparmor_restrict_unprivileged_userns`, of Ubuntu */
  readonly apparmorRestricts: number | undefined;
  /** 2 is a filter, as container runtimes install it. */
  readonly seccomp: number | undefined;
  readonly root: boolean;
}

/** What may help where a user namespace was refused, most likely first. */
export function remediesFor(settings: NamespaceSettings): readonly string[] {
  const remedies: string[] = [];
  if (settings.maxUserNamespaces === 0) remedies.push('sudo sysctl -w user.max_user_namespaces=15000');
  if (settings.unprivilegedClone === 0 && !settings.root) {
    remedies.push('sudo sysctl -w kernel.unprivileged_userns_clone=1');
  }
  if (settings.apparmorRestricts === 1 && !settings.root) {
    remedies.push('sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0');
  }
  if (settings.seccomp === 2) {
    const others = settings.root ? [] : ['or run cip as root of the container, where steps are kept in by chroot'];
    remedies.push(
      [
        'in a container, lift its seccomp and AppArmor profiles (docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined; a pod, under securityContext: seccompProfile: {type: Unconfined} and appArmorProfile: {type: Unconfined})',
        ...others,
      ].join(', '),
    );
  }
  return remedies.length > 0 ? remedies : ['ask the administrator of the machine to allow user namespaces'];
}

/**
 * Reads what the kernel says about user namespaces, for the advice after one was refused; undefined for settings it
 * does not have.
 */
export async function namespaceSettings(uid: number): Promise<NamespaceSettings> {
  const number = async (file: string) => {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : Number(text.trim());
  };
  const status = await readFile('/proc/self/status', 'utf8');
  const seccomp = /^Seccomp:\s*(\d+)/m.exec(status)?.[1];
  return {
    maxUserNamespaces: await number('/proc/sys/user/max_user_namespaces'),
    unprivilegedClone: await number('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestricts: await number('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    seccomp: seccomp === undefined ? undefined : Number(seccomp),
    root: uid === 0,
  };
}
