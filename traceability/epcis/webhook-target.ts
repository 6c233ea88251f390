import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { CodedError, EpcisError } from '../../contracts/index.ts'

/** Addresses that no receiver of events has: link-local, this-network, multicast, metadata services of clouds. */
const NEVER = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.192', 32],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['224.0.0.0', 3],
] as const)
  NEVER.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32],
  // Mapped and translated addresses name an IPv4 address that would have to be looked at.
  ['64:ff9b::', 96],
  ['2002::', 16],
] as const)
  NEVER.addSubnet(network, bits, 'ipv6')

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Decides where webhooks may go. */
export class TargetRules {
  /** Ports of this program's own server, which would take a call from itself for one from the line PC. */
  ownPorts: readonly number[] = []

  /** @throws EpcisError for a URL that is not allowed whatever its name resolves to */
  check(dest: unknown): URL {
    const refuse = (expected: string): never => {
      throw new EpcisError('SubscriptionControlsException', {
        pointer: '/dest',
        expected,
        actual: String(dest),
      })
    }
    if (typeof dest !== 'string' || !URL.canParse(dest)) return refuse('the URL of a receiver')
    const url = new URL(dest)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse('a URL of scheme http or https')
    if (url.username !== '' || url.password !== '') return refuse('a URL without user and password')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !this.allows(host, portOf(url))) return refuse('an address that receives events')
    return url
  }

  allows(address: string, port: number): boolean {
    const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
    if (isIP(plain) === 0 || NEVER.check(plain, family)) return false
    return !(this.ownPorts.includes(port) && LOOPBACK.check(plain, family))
  }

  /** Resolves names for a connection and refuses what is not allowed, so that no answer of a name server gets around it. */
  lookup(port: number): LookupFunction {
    return (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, '', 0)
        const wrong = found.find((a) => !this.allows(a.address, port))
        const [first] = found
        if (wrong !== undefined || first === undefined) {
          const refused = new CodedError('TRC_EPCIS', {
            expected: 'a receiver at an address that may receive events',
            actual: `${hostname} is ${wrong?.address ?? 'nowhere'}`,
          })
          return callback(refused, '', 0)
        }
        if (options.all === true) callback(null, found)
        else callback(null, first.address, first.family)
      })
    }
  }
}

export const portOf = (url: URL): number =>
  url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
