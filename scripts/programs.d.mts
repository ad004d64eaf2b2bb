export interface Compiled { ok: boolean, output: string }
export function tsc (...args: string[]): Promise<Compiled>
export function declaresRegister (file: string): boolean
export function compile (files: string[], options?: object): Promise<Compiled>
