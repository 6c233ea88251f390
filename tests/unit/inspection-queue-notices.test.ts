import { expect, it } from 'vitest'
import { QueueNotices } from '../../inspection/queue/queue-notices.ts'

it('names a host from the third frame in a row on that it sends back, until it judges one', () => {
  const notices = new QueueNotices()
  expect(notices.refused('bad/7', 'package')).toBeNull()
  notices.judged('bad/7/w0')
  expect(notices.refused('bad/7', 'package')).toBeNull()
  notices.judged('good/7/w0')
  expect(notices.refused('bad/7', 'expired')).toBeNull()
  expect(notices.refused('bad/7', 'package')).toBeNull()
  expect(notices.list()).toEqual([])
  const said = {
    id: 'worker-bad/7',
    text: {
      en: 'worker host bad/7 sends its frames back: its model package has another meaning (labels, inputs or family) than here',
      zh: '检测主机 bad/7 退回图像:其模型包含义与本机不同(标签、输入或类别)',
    },
  }
  expect(notices.refused('bad/7', 'package')).toEqual(said)
  // Said once, shown as long as it lasts.
  expect(notices.refused('bad/7', 'package')).toBeNull()
  expect(notices.list()).toEqual([said])
  notices.judged('bad/7/w0')
  expect(notices.list()).toEqual([])
})
