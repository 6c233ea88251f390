import type { I18n } from '../../contracts/index.ts'

/** What a check cannot tell, so that nobody reads more into it than is there. */
export const LIMITS = {
  ownKeys: {
    zh: '使用数据自带的公钥验证:能写入该数据的人也能换钥重签。请用 --key 给出另行保存的公钥。',
    en: 'checked by the keys that lie with the data: who can write there can make new ones and sign again; give the keys you noted with --key',
  },
  noWitness: {
    zh: '没有见证签名:连同检查点和瓦片一起截断的尾部无法发现;持有签名密钥者重写日志也无法发现。',
    en: 'no witness cosigned: a tail that was cut together with its checkpoints and tiles cannot be seen, nor a log rewritten by who holds its key',
  },
  afterWitness: {
    zh: '见证方最后一次签名之后的事件,只有日志自身的签名保护。',
    en: 'events after the last cosignature are protected by the signature of the log alone',
  },
  unsigned: {
    zh: '最后一个检查点之后的事件尚无任何签名。',
    en: 'events behind the last checkpoint are covered by no signature yet',
  },
  notInLog: {
    zh: '剔除机构应答和迟到结果不在事件日志中,不受保护。',
    en: 'gate acknowledgements and late results are kept beside the log and are not covered',
  },
  noImages: { zh: '未检查图像文件。', en: 'image files were not checked' },
  noCopies: {
    zh: '没有已签名事件的副本:能指出哪一条被修改,但不能说出原来的内容。',
    en: 'no copies of the signed events are left: which event was changed can be told, not what it said',
  },
  bundleComplete: {
    zh: '证据包没有日志密钥的清单签名:无法得知是否漏掉了该工件的事件。',
    en: 'the bundle has no list signed by the log: whether an event about the part was left out cannot be told',
  },
  bundleOnly: {
    zh: '证据包只证明其中的事件在日志内;不能证明日志中没有该工件的其他事件。',
    en: 'a bundle proves the events in it; that the log has no further event about the part is the word of who made it',
  },
  tsaUntrusted: {
    zh: '时间戳自身有效,但未对照受信的机构证书(--tsa-ca)。',
    en: 'time-stamps are in order in themselves; whose they are was not checked (--tsa-ca)',
  },
} satisfies Record<string, I18n>
