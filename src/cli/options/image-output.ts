import { pairsIn } from './schemas.ts';

/** One `--output`: a file, or with `tar: false` a directory, in which the image is an OCI layout. */
export interface ImageOutput {
  /** As typed; `-` for standard output, which gets a tar. */
  readonly dest: string;
  readonly tar: boolean;
}

/** What completes "can't be …", and the text to write instead. */
interface OutputProblem {
  readonly message: string;
  readonly hint: string;
}

const file = 'image.tar';
const known = ['type', 'dest', 'tar'];

/** `type=oci,dest=FILE[,tar=false]`, as BuildKit has it. */
export function parseOutput(text: string): ImageOutput | OutputProblem {
  const pairs = pairsIn(text);
  const { type, dest = '', tar = 'true' } = pairs;
  // `-` alone means a tar of the files in the image to BuildKit.
  if (text === '-' || type === 'tar') return noTarOfFiles(dest);
  if (!text.includes('=')) return problem('it has no type', type === '' || text === 'oci' ? file : text);
  if (type === undefined || type === '') return problem('it has no type', dest);
  const other = others[type];
  if (other !== undefined && dest === '') return { message: `cip does not know the type ${type}`, hint: other };
  if (type !== 'oci') return problem(`cip does not know the type ${type}`, dest, type === 'local' ? ',tar=false' : '');
  if (dest === '') return problem('it has no dest');
  const strange = Object.keys(pairs).find((key) => !known.includes(key));
  if (strange !== undefined) return problem(`it can have ${known.join(', ')}, not ${strange}`, dest);
  if (tar !== 'true' && tar !== 'false') return problem('tar is true or false', dest);
  if (dest === '-' && tar === 'false') return problem('a directory cannot be written to standard output', '-');
  return { dest, tar: tar === 'true' };
}

/** What there is instead of BuildKit's type tar. */
function noTarOfFiles(dest: string): OutputProblem {
  const given = dest === '' ? '-' : dest;
  return problem(
    'cip does not write the files of an image as a tar: its outputs are OCI layouts, in a tar or a directory',
    given,
  );
}

/** Types of BuildKit that are options of their own here. */
const others: Readonly<Record<string, string>> = {
  registry: 'write --push to push the image under its --tag',
  image: 'write --tag NAME: an image is kept in the store under its names in any case',
};

function problem(message: string, dest = '', end = ''): OutputProblem {
  return { message, hint: `write --output type=oci,dest=${dest || file}${end}` };
}
