import { readFile, realpath } from 'node:fs/promises';

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
  /** The profile of AppArmor that this process is under; undefined without AppArmor. */
  readonly profile?: string | undefined;
  /** Absolute path of the file by which cip is started, links followed. */
  readonly program: string;
  readonly root: boolean;
}

/** Whether AppArmor takes from the user namespaces of this process what they are for: it does so to whom no profile gives `userns`. */
export function isRestrictedByAppArmor({ apparmorRestricts, profile, root }: NamespaceSettings): boolean {
  return apparmorRestricts === 1 && !root && (profile === undefined || profile === 'unconfined');
}

/** Where the profile of cip goes. */
const PROFILE = '/etc/apparmor.d/cip';

/**
 * A profile that forbids nothing and allows user namespaces, for the program at this path alone and what it starts: a script is
 * known by its own path, and not by that of its interpreter. apparmor.d(5)
 */
export function appArmorProfile(program: string): readonly string[] {
  const path = program.replaceAll(/[\\"*?[\]{}^]/g, '\\$&');
  return ['abi <abi/4.0>,', 'include <tunables/global>', `profile cip "${path}" flags=(unconfined) { userns, }`];
}

/** One line for a shell. */
function profileCommand(program: string): string {
  const lines = appArmorProfile(program).map((line) => `'${line.replaceAll("'", `'\\''`)}'`);
  const load = `sudo apparmor_parser -r ${PROFILE}`;
  return `printf '%s\\n' ${lines.join(' ')} | sudo tee ${PROFILE} && ${load}  # for cip alone, started by its name and not as node cip.js`;
}

/** What may help where a user namespace was refused, most likely first. */
export function remediesFor(settings: NamespaceSettings): readonly string[] {
  const remedies: string[] = [];
  if (settings.maxUserNamespaces === 0) remedies.push('sudo sysctl -w user.max_user_namespaces=15000');
  if (settings.unprivilegedClone === 0 && !settings.root) {
    remedies.push('sudo sysctl -w kernel.unprivileged_userns_clone=1');
  }
  if (isRestrictedByAppArmor(settings)) remedies.push(profileCommand(settings.program));
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
  const profile = await readFile('/proc/self/attr/current', 'utf8').catch(() => undefined);
  const program = process.argv[1] ?? process.execPath;
  const seccomp = /^Seccomp:\s*(\d+)/m.exec(status)?.[1];
  return {
    maxUserNamespaces: await number('/proc/sys/user/max_user_namespaces'),
    unprivilegedClone: await number('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestricts: await number('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    seccomp: seccomp === undefined ? undefined : Number(seccomp),
    profile: profile?.replace(/[\0\n]*$/, '') || undefined,
    program: await realpath(program).catch(() => program),
    root: uid === 0,
  };
}
