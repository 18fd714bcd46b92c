import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChmod } from '../../../src/engine/op/chmod.ts';

const cases: [title: string, text: string, mode: number, isDirectory: boolean, want: number | undefined][] = [
  ['octal replaces all bits', '0755', 0o4640, false, 0o755],
  ['octal may set special bits', '4755', 0o644, false, 0o4755],
  ['octal above 7777 is refused', '17777', 0o644, false, undefined],
  ['octal with an 8 is refused', '0788', 0o644, false, undefined],
  ['one class is set, the others stay', 'u=rwx', 0o644, false, 0o744],
  ['several clauses apply in order', 'u=rwX,go=rX', 0o600, false, 0o644],
  ['X executes directories', 'u=rwX,go=rX', 0o600, true, 0o755],
  ['X executes what somebody may execute already', 'go=rX', 0o700, false, 0o755],
  ['bits are added', 'g+w', 0o644, false, 0o664],
  ['bits are taken away', 'go-rwx', 0o777, false, 0o700],
  ['no class means all', '+x', 0o644, false, 0o755],
  ['a means all', 'a-w', 0o666, false, 0o444],
  ['setuid and setgid', 'ug+s', 0o755, false, 0o6755],
  ['sticky', '+t', 0o777, true, 0o1777],
  ['the sticky bit of others is nothing', 'o=t', 0o644, false, 0o640],
  ['nor is it added or taken away', 'o+t,o-t', 0o1644, false, 0o1644],
  ['of anybody else it is', 'g+t', 0o644, false, 0o1644],
  ['of all, it is', 'a+t', 0o644, false, 0o1644],
  ['bits of another class', 'g=u', 0o740, false, 0o770],
  ['two actions in one clause', 'u+x-w', 0o644, false, 0o544],
  ['X sees the file as it was first', 'a-x,a+X', 0o755, false, 0o755],
  ['= leaves X', 'o=uX', 0o7672, false, 0o7677],
  ['X of nobody is taken away', '-X', 0o755, false, 0o644],
  ['letters behind a class are set anew', 'o=ux', 0o700, false, 0o701],
  ['and before it', 'o=xu', 0o600, false, 0o606],
  ['t without a class is of nobody else', '+rt', 0o600, false, 0o1600],
  ['a class to copy is as it is by then', 'u=g,g=u', 0o470, false, 0o770],
  ['no class before = clears all but the sticky bit', '=r', 0o7777, false, 0o1444],
  ['octal with many zeros', '000000755', 0o644, false, 0o755],
  ['an unknown letter is refused', 'u=q', 0o644, false, undefined],
  ['nothing is refused', '', 0o644, false, undefined],
];

for (const [title, text, mode, isDirectory, want] of cases) {
  test(`applyChmod() ${title}: ${text}`, () => assert.equal(applyChmod(text, mode, isDirectory), want));
}
