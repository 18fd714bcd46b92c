import { parseWord } from './word.ts';

/** `USER <name or id>[:<group>]`. */
export const parseUser = parseWord('USER', 'a user');
