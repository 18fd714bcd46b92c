import { parseWord } from './word.ts';

/** `MAINTAINER <name>`, the author of the image. */
export const parseMaintainer = parseWord('MAINTAINER', 'a name');
