import type { Fault } from '../fault.ts';

const logins = { file: 'src/remote/logins.ts', tests: ['test/remote/logins.test.ts'] };
const git = { file: 'src/remote/git-repositories.ts', tests: ['test/remote/logins.test.ts'] };
const whole = { tests: ['test/e2e/fetched.test.ts'] };

/** Logins for what ADD fetches. */
export const faults: readonly Fault[] = [
  {
    name: 'a port is part of the host of a file',
    ...logins,
    find: 'HTTP_AUTH_TOKEN_${hostname}',
    replace: 'HTTP_AUTH_TOKEN_${host}',
  },
  {
    name: 'a port is no part of the host of a repository',
    ...logins,
    find: 'GIT_AUTH_TOKEN.${host}',
    replace: 'GIT_AUTH_TOKEN.${hostname}',
  },
  {
    name: 'a token for all comes before the one for the host',
    ...logins,
    find: "`GIT_AUTH_TOKEN.${host}`, 'GIT_AUTH_HEADER', 'GIT_AUTH_TOKEN'",
    replace: "'GIT_AUTH_HEADER', 'GIT_AUTH_TOKEN', `GIT_AUTH_TOKEN.${host}`",
  },
  {
    name: 'a line end is part of a token',
    ...logins,
    find: ".replace(/\\r?\\n$/, '')",
    replace: '',
  },
  {
    name: 'whatever a header cannot hold is sent',
    ...logins,
    find: '!/^[\\x20-\\x7e]+$/.test(value)',
    replace: "value === 'never'",
  },
  {
    name: 'a login in the address comes first',
    file: 'src/remote/http-client.ts',
    tests: ['test/remote/logins.test.ts'],
    find: '      // A login that was given on purpose comes before one in the address.\n      ...headers,',
    replace: '      ...headers,\n      ...(authorization !== undefined && { authorization }),',
  },
  {
    name: 'a login is for every repository of a host',
    ...git,
    find: '`http.${scopeOf(withoutLogin(source.remote))}.extraHeader`',
    replace: "'http.extraHeader'",
  },
  {
    name: 'two logins are sent at once',
    ...git,
    find: "const values = ['', `Authorization: ${header}`];",
    replace: 'const values = [`Authorization: ${header}`];',
  },
  {
    name: 'settings of the environment are lost to a login',
    ...git,
    find: "const first = Number(this.#env['GIT_CONFIG_COUNT'] ?? 0) || 0;",
    replace: 'const first = 0;',
  },
  {
    name: 'a login is an argument',
    ...git,
    ...whole,
    find: "const outcome = await runProgram('git', { args: [...given, ...args], env, cwd: directory }, signal);",
    replace:
      "const login = Object.values(await this.#login(source)).flatMap((one) => ['-c', `x.y=${one}`]);\n    const outcome = await runProgram('git', { args: [...login, ...given, ...args], env, cwd: directory }, signal);",
  },
  {
    name: 'a login is said to be used by no step',
    file: 'src/cli/unused-secrets.ts',
    ...whole,
    find: 'given.filter((id) => !isLoginSecret(id))',
    replace: 'given',
  },
  {
    name: 'a plan has no logins',
    file: 'src/cli/prepare.ts',
    ...whole,
    find: '    sources.logins.give(await readableSecrets({ secret: invocation.options.secret ?? [] }, world));\n',
    replace: '',
  },
  {
    name: 'a build has no logins',
    file: 'src/engine/engine.ts',
    ...whole,
    find: '      this.#remote.logins.give(request.secrets);\n',
    replace: '',
  },
  {
    name: 'the login of a job of GitLab is for every registry',
    file: 'src/registry/credentials.ts',
    find: 'host !== registry || !username',
    replace: '!username',
    tests: ['test/registry/credentials.test.ts'],
  },
  {
    name: 'the login of a job of GitLab comes before one that is set',
    file: 'src/registry/credentials.ts',
    find: '(await this.#asSet(resource)) ?? ofGitLabJob(resource.registry, this.#env)',
    replace: 'ofGitLabJob(resource.registry, this.#env) ?? (await this.#asSet(resource))',
    tests: ['test/registry/credentials.test.ts'],
  },
];
