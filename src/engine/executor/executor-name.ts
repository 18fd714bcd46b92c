/** How an executor is chosen, by `--isolation`. Each table by executor is a Record over these: a new name compiles in none. */
export type ExecutorName = 'namespaces' | 'chroot';

/**
 * What the key of a RUN step says of where it runs. A result of `namespaces`, which says nothing, is good for everybody who
 * asks for namespaces: one that keeps less apart has a word of its own, so that no result of it is taken for one of them.
 */
export const keyWords: Readonly<Record<ExecutorName, readonly string[]>> = {
  namespaces: [],
  chroot: ['in a chroot'],
};
