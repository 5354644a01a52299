// Packages that a node needs only for the sinks it was told of are installed by who wants them. SPEC rule SK9.

/** The sink cannot work before the operator has done something. */
export class SinkUnusable extends Error {
  override readonly name = 'SinkUnusable';
}

export async function needed<T>(type: string, packages: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing) throw cause;
    throw new SinkUnusable(`a sink of type ${type} needs what is not installed: npm install ${packages}`, {
      cause,
    });
  }
}
