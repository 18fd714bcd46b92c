import type { Fault } from '../fault.ts';

const file = 'src/oci/canonical.ts';
const tests = ['test/oci/canonical.test.ts'];

/** Two values with one form, or one value with two: what is hashed for keys and for caches. */
export const faults: readonly Fault[] = [
  {
    name: 'text has no length',
    file,
    find: 'pieces.push(`s${Buffer.byteLength(value)}:`, value);',
    replace: "pieces.push('s', value);",
    tests,
  },
  {
    name: 'the length of text is in characters',
    file,
    find: 'Buffer.byteLength(value)',
    replace: 'value.length',
    tests,
  },
  { name: 'a list has no length', file, find: 'pieces.push(`l${value.length}:`);', replace: '', tests },
  {
    name: 'members stand as they were written',
    file,
    find: '.sort(([a], [b]) => (a < b ? -1 : 1))',
    replace: '',
    tests,
  },
  { name: 'names of members do not count', file, find: '      write(name, pieces);\n', replace: '', tests },
  {
    name: 'values of members do not count',
    file,
    find: '      write(member, pieces);\n    }',
    replace: '    }',
    tests,
  },
  { name: 'what is undefined is a member', file, find: '.filter(([, one]) => one !== undefined)', replace: '', tests },
  {
    name: 'numbers are texts',
    file,
    find: 'pieces.push(`j${json.length}:`, json);',
    replace: 'write(json, pieces);',
    tests,
  },
  {
    name: 'null is nothing',
    file,
    find: 'if (value === undefined) {',
    replace: 'if (value === undefined || value === null) {',
    tests,
  },
  {
    name: 'an object is a list',
    file,
    find: 'pieces.push(`o${members.length}:`);',
    replace: 'pieces.push(`l${members.length}:`);',
    tests,
  },
];
