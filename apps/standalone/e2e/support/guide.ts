import { deployment, plainEnv, ROOT, type CliResult } from '@keyward/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a guide has its reader do. */
export interface Guide {
  /** The files it has written, by name. */
  files: Record<string, string>;
  /** The lines of its shell blocks. */
  commands: string[];
}

/** Reads a guide of docs/guides; what its examples are about becomes what `replaced` says. */
export function readGuide(name: string, replaced: Record<string, string> = {}): Guide {
  let text = readFileSync(join(ROOT, 'docs/guides', `${name}.md`), 'utf8');
  for (const [shown, real] of Object.entries(replaced)) text = text.replaceAll(shown, real);
  const blocks = [...text.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)];
  const files = blocks.flatMap(([, , file, code = '']) => (file === undefined ? [] : [[file, code] as const]));
  const shell = blocks.flatMap(([, language, , code = '']) => (language === 'sh' ? [code] : []));
  return { files: Object.fromEntries(files), commands: shell.join('').split('\n').filter(Boolean) };
}

/** Words as a shell splits them; guides quote with double quotes alone. */
const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

/** Runs one of a guide's keyward commands; throws when it fails. */
export async function runCommand(line: string): Promise<CliResult> {
  const result = await deployment().cli([...words(line).slice(2), '--json']);
  if (result.code !== 0) throw new Error(`${line}: ${result.stderr}`);
  return result;
}

/** Runs the commands that register a guide's application; what the last one generated. */
export async function register({ commands }: Guide): Promise<{ consumerKey: string; consumerSecret?: string }> {
  let last = '';
  for (const line of commands.filter((each) => /^npx keyward (applications create|keys generate) /.test(each)))
    last = (await runCommand(line)).stdout;
  const { key, consumerSecret } = JSON.parse(last) as { key: { consumerKey: string }; consumerSecret?: string };
  return { consumerKey: key.consumerKey, consumerSecret };
}

/** A program of a guide that is running. */
export interface Running {
  /** What it has said so far, to whomever. */
  said: string;
  /** What it printed, when it has ended. */
  end: Promise<string>;
  tell: (text: string) => void;
}

/** A directory with files in it, from which packages are found as in an application's own. */
export class Workplace {
  readonly path: string;
  private readonly children: ChildProcess[] = [];

  constructor(files: Record<string, string>) {
    mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true });
    this.path = mkdtempSync(join(ROOT, 'node_modules/.cache/guide-'));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  /** Runs a file of it; resolves when it has said what `until` looks for. */
  async run(file: string, env: Record<string, string>, until: RegExp): Promise<Running> {
    const { caFile } = deployment().access;
    const child = spawn(process.execPath, [join(this.path, file)], {
      env: { ...plainEnv(), ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }), ...env },
    });
    this.children.push(child);
    let [said, out] = ['', ''];
    const end = new Promise<string>((resolve) => child.once('close', () => resolve(out)));
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        said += chunk.toString();
        if (until.test(said)) resolve();
      };
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      void end.then(() => reject(new Error(`${file} ended: ${said}`)));
    });
    return { said, end, tell: (text) => child.stdin.write(text) };
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    rmSync(this.path, { recursive: true, force: true });
  }
}
