import { parentPort } from 'node:worker_threads'

const three: number = 3
parentPort?.postMessage(three)
