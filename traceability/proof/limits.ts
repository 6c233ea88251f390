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
    zh: '剔除机构已执行的应答、迟到结果和从未判定的触发不在事件日志中,不受保护;登记单件时所报的批次不在事件中;单件的另一个名称被删去、整箱拆出时某一件被重新记为在箱内也看不出来;所采集的事件当时未能建立的关系,其后被添加或删去也看不出来。',
    en: 'what the gate acknowledged, late results and triggers that were never judged are kept beside the log and are not covered; with which lot a unit was commissioned stands in no event; it is not seen that a further name of a unit is gone, nor, of a box that was unpacked as a whole, that one thing of several is put back, nor that a link which a captured event could not make when it came was added or is gone',
  },
  brokenOff: {
    zh: '数据库中有产线从不写入的内容或无法读取的页,核对因此中断:其余内容未再核对。',
    en: 'the check broke off at what no line writes into its database, or at pages that cannot be read: nothing else was compared',
  },
  noTables: {
    zh: '日志本身已被改动:谱系关系、事实、隔离和复核的表未再核对。',
    en: 'the log itself is altered: the tables of links, facts, holds and reviews were not compared with it',
  },
  noNames: {
    zh: '记录或谱系关系已被改动:单件、批次和触发的表未再核对。',
    en: 'records or links are altered: the tables of units, lots and triggers were not compared with the log',
  },
  oldTriggers: {
    zh: '该数据由旧版本写入且尚未升级:触发的表未与日志核对。',
    en: 'the data are of an older version and were not brought up to date: the table of triggers was not compared with the log',
  },
  oldLinks: {
    zh: '该日志始于旧版本:谱系关系以及单件、批次和触发的表未与日志核对。',
    en: 'the log began with an older version: links were not compared with it, nor the tables of units, lots and triggers',
  },
  oldTables: {
    zh: '该数据由旧版本写入且尚未升级:谱系关系、事实、隔离和复核的表未与日志核对。',
    en: 'the data are of an older version and were not brought up to date: the tables of links, facts, holds and reviews were not compared with the log',
  },
  plantTables: {
    zh: '工厂库中的谱系关系、单件与批次的表、隔离、复核及处置以外的事实未与日志核对:请在产线的数据目录上验证。',
    en: 'links, the tables of units and lots, holds, reviews and facts other than decisions in the plant store were not compared with the log: verify the data directory of the line',
  },
  noImages: { zh: '未检查图像文件。', en: 'image files were not checked' },
  noCopies: {
    zh: '没有已签名事件的副本:能指出哪一条被修改,但不能说出原来的内容。',
    en: 'no copies of the signed events are left: which event was changed can be told, not what it said',
  },
  bundleComplete: {
    zh: '证据包没有日志密钥的清单签名:无法得知这些事件是否属于该工件,以及是否漏掉了其事件。请在有日志密钥的地方重新制作证据包。',
    en: 'the bundle has no list signed by the log: whether its events are about that part, and whether one was left out, cannot be told; make it anew where the key of the log is',
  },
  bundleDeleted: {
    zh: '该证据包为旧格式(sightline-bundle@1):图像已按保留策略删除只是制作者的说法,包内没有删除事件。请重新制作证据包。',
    en: 'the bundle is of the older format (sightline-bundle@1): that its images were deleted by retention is the word of who made it, without the event; make it anew',
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
