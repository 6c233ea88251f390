import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { z } from 'zod'
import {
  accountIdSchema,
  accountNameSchema,
  CodedError,
  makeFolder,
  passwordSchema,
  roleSchema,
  ROLES,
} from '../../contracts/index.ts'
import { AccountBook } from '../accounts/account-book.ts'
import type { Environment } from '../setup/environment.ts'
import { askSecret } from '../terminal/ask-secret.ts'
import { DATA_OPTION, whole } from '../terminal/options.ts'
import { printTable } from '../terminal/table.ts'

interface DataOption {
  data?: string
}

interface AddOptions extends DataOption {
  role: string
  name?: string
  machine?: boolean
}

interface SetOptions extends DataOption {
  role?: string
  name?: string
  password?: boolean
  token?: boolean
}

/** `sightline account`: who may do what on the pages and by the API, from other machines too. */
export function addAccount(program: Command, environment: Environment): void {
  const account = program.command('account').description('who may do what on the pages and by the API')
  const roles = ROLES.join(', ')
  const withData = (command: Command): Command => command.option(...DATA_OPTION)
  const dirOf = (o: DataOption): string => resolve(o.data ?? environment.dataDir ?? '.sightline')
  const inBook = async <T>(o: DataOption, work: (book: AccountBook) => T): Promise<Awaited<T>> => {
    const dir = dirOf(o)
    // A mistyped place is none without accounts.
    if (!existsSync(join(dir, 'accounts.db')))
      throw new CodedError('CFG_DATA_DIR', {
        file: dir,
        expected: 'a data directory with accounts',
        actual: 'none',
        hint: 'give it with --data; `account add` makes the first one',
      })
    const book = AccountBook.open(dir)
    try {
      return await work(book)
    } finally {
      book.close()
    }
  }
  withData(account.command('add <id>'))
    .description('a person, whose password is asked for, or a machine, whose token is printed once')
    .requiredOption('--role <role>', roles)
    .option('--name <name>', 'under which its holder answers for what is recorded (default: the id)')
    .option('--machine', 'a machine: it shows a token instead of a password')
    .action(async (id: string, o: AddOptions) => {
      const made = {
        id: checked(accountIdSchema, id, '<id>'),
        name: checked(accountNameSchema, o.name ?? id, '--name'),
        role: checked(roleSchema, o.role, '--role'),
      }
      const password = o.machine
        ? undefined
        : checked(passwordSchema, await askSecret('password'), 'password')
      makeFolder(dirOf(o), 'CFG_DATA_DIR')
      AccountBook.open(dirOf(o)).close()
      const { token } = await inBook(o, (book) => book.add({ ...made, password }, doer()))
      process.stdout.write(`${JSON.stringify({ ...made, ...(token !== undefined && { token }) })}\n`)
    })
  withData(account.command('set <id>'))
    .description('changes an account and ends its sessions')
    .option('--role <role>', roles)
    .option('--name <name>', 'under which its holder answers for what is recorded')
    .option('--password', 'asks for a new password')
    .option('--token', 'prints a new token of a machine; the old one ends')
    .action(async (id: string, o: SetOptions) => {
      if (o.role === undefined && o.name === undefined && !o.password && !o.token)
        throw new CodedError('CFG_USAGE', {
          expected: '--role, --name, --password or --token',
          actual: 'nothing to change',
        })
      const change = {
        role: o.role === undefined ? undefined : checked(roleSchema, o.role, '--role'),
        name: o.name === undefined ? undefined : checked(accountNameSchema, o.name, '--name'),
        password: o.password ? checked(passwordSchema, await askSecret('password'), 'password') : undefined,
        token: o.token ? (true as const) : undefined,
      }
      const { token } = await inBook(o, (book) => book.change(id, change, doer()))
      process.stdout.write(`${JSON.stringify({ id, ...(token !== undefined && { token }) })}\n`)
    })
  withData(account.command('remove <id>'))
    .description('removes an account and ends its sessions; what was recorded under its name stays')
    .action(async (id: string, o: DataOption) => {
      await inBook(o, (book) => book.remove(id, doer()))
      process.stdout.write(`${JSON.stringify({ id, removed: true })}\n`)
    })
  withData(account.command('list'))
    .description('the accounts')
    .action((o: DataOption) =>
      inBook(o, (book) =>
        printTable(
          ['account', 'name', 'role', 'kind', 'made', 'changed'],
          book.list().map((a) => [a.id, a.name, a.role, a.kind, a.madeAt, a.changedAt]),
        ),
      ),
    )
  withData(account.command('history'))
    .description('what happened to accounts, and who signed in; on a line it is in the log, too')
    .option('--limit <n>', 'the last so many', whole(1, 100_000), 100)
    .action((o: DataOption & { limit: number }) =>
      inBook(o, (book) =>
        printTable(
          ['at', 'account', 'what', 'role', 'by', 'from'],
          book
            .audits({ open: false, limit: o.limit })
            .map(({ at, audit: a }) => [
              at,
              a.account,
              [a.action, ...(a.changed ?? [])].join(' '),
              a.role ?? '',
              a.by,
              a.from,
            ]),
        ),
      ),
    )
}

function doer(): { by: string; from: string } {
  const from = 'command line'
  try {
    return { by: userInfo().username, from }
  } catch {
    // A container may have a user without a name.
    return { by: `user ${process.getuid?.() ?? ''}`.trim(), from }
  }
}

/** @throws CFG_USAGE */
function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new CodedError('CFG_USAGE', {
    path: what,
    expected: parsed.error.issues[0]?.message ?? 'another value',
    // Never a password.
    actual: what === 'password' ? `${String(value).length} characters` : String(value),
  })
}
