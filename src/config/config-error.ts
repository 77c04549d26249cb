// ConfigError: what is wrong with the command line or the environment.

/** All problems, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
