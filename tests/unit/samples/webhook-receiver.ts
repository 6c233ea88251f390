import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Takes what a webhook sends; `answers` are given first, then 200. */
export class Receiver {
  readonly got: { headers: IncomingHttpHeaders; body: string }[] = []
  readonly answers: number[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<Receiver> {
    const server = createServer()
    const receiver = new Receiver(server)
    server.on('request', (req, res) => {
      let body = ''
      req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      req.on('end', () => {
        const status = receiver.answers.shift() ?? 200
        if (status === 200) receiver.got.push({ headers: req.headers, body })
        res.writeHead(status, status === 302 ? { location: receiver.url } : {}).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  /** Waits until so many were taken. */
  async until(n: number, limitMs = 15_000): Promise<void> {
    for (let waited = 0; this.got.length < n; waited += 20) {
      if (waited > limitMs) throw new Error(`${this.got.length} of ${n} deliveries after ${limitMs} ms`)
      await sleep(20)
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
