/** A line of /etc/passwd. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** '' where the line has none. */
  readonly home: string;
}

/** A line of /etc/group. */
export interface AccountGroup {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * The lines of /etc/passwd: `name:password:uid:gid:gecos:home:shell`. As BuildKit takes them: blanks around a line do not
 * count, and an id that is missing or no number is 0.
 */
export function accountsOf(passwd: string): readonly Account[] {
  return linesOf(passwd).map((line) => {
    const [name = '', , uid, gid, , home = ''] = line.split(':');
    return { name, uid: numberOf(uid), gid: numberOf(gid), home };
  });
}

/** The lines of /etc/group: `name:password:gid:member,member`. As `accountsOf`, and `#` begins a comment. */
export function groupsOf(group: string): readonly AccountGroup[] {
  return linesOf(group)
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const [name = '', , gid, members = ''] = line.split(':');
      return { name, gid: numberOf(gid), members: members.split(',') };
    });
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function numberOf(text = ''): number {
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}
