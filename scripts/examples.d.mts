/** Answers the folder of the compiled programs. */
export function compileExamples (): Promise<string>
