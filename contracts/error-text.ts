import { ERROR_CODES, type ErrorCode, type ErrorDetail, placeText, printable, straight } from './errors.ts'
import { factInChinese } from './fact-words.ts'
import type { I18n } from './i18n.ts'

export { straight }

/** What each code of `ERROR_CODES` says in Chinese. */
const ZH: Record<ErrorCode, string> = {
  CFG_SYNTAX: '文件不是有效的 YAML 或 JSON',
  CFG_INVALID: '值不符合配置规范',
  CFG_MISSING_FILE: '配置引用的文件不存在',
  CFG_UNKNOWN_REFERENCE: '配置引用了不存在的对象',
  CFG_PORT_IN_USE: '端口已被其他程序占用',
  CFG_DATA_DIR: '数据目录无法使用',
  CFG_USAGE: '命令行用法错误',
  CFG_LIMIT: '系统给本程序的资源上限太低',

  CAM_OPEN: '相机或图像源无法打开',
  CAM_GONE: '相机或读码器在运行中断开',
  CAM_TIMEOUT: '触发后在允许时间内没有收到帧',
  CAM_NO_BUFFER: '没有空闲帧槽:流水线滞后',
  CAM_SLOT: '帧槽被重复释放',
  CAM_FRAME_TOO_LARGE: '帧大于帧槽',
  CAM_INCOMPLETE: '收到的帧不完整',
  CAM_STALE: '帧已超过时效',
  CAM_FROZEN: '视频流在线,但画面不变',
  CAM_DUPLICATE: '帧计数重复',
  CAM_GAP: '帧计数跳号',
  CAM_RESTARTS_EXHAUSTED: '图像源的重启次数已用完',
  CAM_BAD_REQUEST: '推送的帧或读码的头部或内容错误',
  CAM_IO: '产线设备(PLC、读码器、消息代理等)无法连接或应答错误',
  CAM_HANDSHAKE: 'PLC 握手违规',

  INS_SHAPE: '数组长度或尺寸不一致',
  INS_DECODE: '图像无法解码',
  INS_IMAGE_LIMIT: '图像像素数超出上限',
  INS_IMAGE_FORMAT: '不支持的像素格式',
  INS_WRONG_SIZE: '图像尺寸与配方不符',
  INS_QUALITY: '图像质量门拒收该帧',
  INS_REGISTER: '工件无法与标准图配准',
  INS_TOOL: '检测工具出错',
  INS_RULE: '规则无法求值',
  INS_RULE_INVALID: '规则无法编译或类型不符',
  INS_DEADLINE: '判定未按时完成',
  INS_WORKER_LOST: '检测线程在判定中丢失',
  INS_OVERLOAD: '检测线程与队列已满',
  INS_RECIPE_MISMATCH: '工件上的产品与配方不符',
  INS_QUEUE: '作业队列无法连接或拒绝作业',
  INS_INTERRUPTED: '系统在判定该工件前停止',
  INS_CANARY: '已知答案的金丝雀图像判定不同',
  INS_CHALLENGE: '验证件用于检查工位',

  MDL_PACKAGE: '模型包不完整或格式错误',
  MDL_HASH: '模型包中的文件被改动',
  MDL_SIGNATURE: '模型包未签名或签名密钥未知',
  MDL_GOLDEN: '模型未能复现其黄金向量',
  MDL_LOAD: '模型无法加载',
  MDL_PROVIDER: '列表中没有可用的推理后端',
  MDL_INPUT: '输入与模型不符',
  MDL_OUTPUT: '模型输出 NaN、无穷大或形状错误',
  MDL_RUN: '模型运行失败',
  MDL_QUANTISE: '模型无法量化',
  MDL_UNKNOWN: '没有这个模型包',
  TCH_LABELS: '标注无法用于示教',
  TCH_IMAGES: '图像无法用于示教',
  TCH_LIMIT: '示教所需资源超出允许范围',
  TCH_BUSY: '另一个示教正在进行',
  TCH_CANCELLED: '示教已取消',
  TCH_DATA: '模型的示教数据缺失或不属于该模型',
  MDL_GATE: '该配方不得启用',
  MDL_LIFE: '请求与工位当前的模型状态不符',
  MDL_DRIFT: '模型分数的分布偏离参考分布',
  MDL_OVERDUE: '无法判定的工件等待复核已超时',
  MDL_ESCAPE: '复核发现已放行的工件不合格',

  TRC_OPEN: '存储无法打开',
  TRC_SCHEMA: '数据库的表、触发器或索引不是程序所建立的样子',
  TRC_WRITE: '存储拒绝写入',
  TRC_DISK_FULL: '磁盘已满',
  TRC_BINDING: '语句绑定了错误类型的值',
  TRC_NOT_FOUND: '没有这条记录',
  TRC_BUSY: '对记录的查询未能在限定时间内完成',
  TRC_IDENTITY: '工件上读到的代码不是有效身份',
  TRC_GENEALOGY: '谱系事实与已有记录矛盾',
  TRC_HELD: '工件被隔离或其处置不允许',
  TRC_REVIEWED: '这个工件已由他人复核',
  TRC_DECIDED: '这个工件已由他人处置',
  TRC_NCR: '该步骤与不合格报告的状态不符',
  TRC_SINK: '无法这样向外部接收方重发事件',
  TRC_DUPLICATE: '该编号已有内容不同的记录',
  TRC_IMAGE: '图像无法保存或读回',
  TRC_EPCIS: 'EPCIS 文档、查询或订阅被拒绝',
  TRC_SPOOLED: '存储滞后,记录已写入暂存区',
  TRC_SPOOL: '暂存区的条目与写入时不一致',
  TRC_PLANT: '无法连接工厂数据库，或连接已中断',
  TRC_REBUILT: '由事件日志派生的文件已损坏或与日志不符,正在重新生成',
  TRC_WAL: '数据库的预写日志仍留在其旁边',
  TRC_REPLICA: '产线日志与工厂数据库已接收的内容不衔接',
  TRC_PROOF: '事件日志与已签名的内容不一致',
  TRC_CLOCK: '系统时钟被回拨',
  TRC_BUNDLE: '证据包无法生成或读取',
  TRC_CHECKPOINT: '日志的检查点文件不是所写入的那一份',
  TRC_NOTE: '签名文件或检查点格式错误',
  TRC_KEY: '签名或验证密钥无法使用',
  TRC_FORGOT: '见证方已不记得自己签过的检查点',
  TRC_WITNESS: '见证方、时间戳机构或锚定点拒绝或无法连接',

  EVT_SCHEMA: '事件不符合其规范',
  EVT_SEQUENCE: '事件序号有缺口',
  EVT_MODULE: '场景模块出错',
  EVT_REFERENCE: '参考数据缺失或无效',

  DAT_LAYOUT: '数据集目录结构不符',
  DAT_ANNOTATION: '标注无法读取',
  DAT_EMPTY: '数据集没有可用条目',
  DAT_LEFT_OUT: '数据集文件夹中有未使用的文件',
  DAT_TRUTH: '数据集未说明其工件的真实情况',
  DAT_REPEATED: '数据集中有重复的图像',
  DAT_NO_DEFECT: '标注文件中没有任何标注，其全部工件视为良品',

  API_REQUEST: '请求格式错误',
  API_NOT_FOUND: '没有这个资源',
  API_METHOD: '该资源不支持此方法',
  API_LOGIN: '无法确认访问者身份',
  API_ACCOUNT: '账户不能这样设置',
  API_ROLE: '需要其他角色',
  API_BUSY: '服务器同时处理的数量已达上限',
  API_INTERNAL: '服务器出错',
}

const isCode = (code: string): code is ErrorCode => code in ERROR_CODES

/**
 * An error in both languages. What it expected, found and advises is said in the Chinese that the error brings, else in
 * that of `fact-words.ts`, else as it is; values and places are facts of the machine and stay.
 */
export function errorText({
  code,
  message,
  detail,
}: {
  code: string
  message: string
  detail?: ErrorDetail
}): I18n {
  if (!isCode(code)) return { en: message, zh: message }
  if (detail?.zh !== undefined) return { en: message, zh: `${code}:${ZH[code]}${inChinese(detail)}` }
  const known = `${code}: ${ERROR_CODES[code]}`
  const bare = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message
  const facts = message.startsWith(known) ? message.slice(known.length) : `; found ${bare}`
  return { en: message, zh: `${code}:${ZH[code]}${translated(facts)}` }
}

/** Facts of a message, ` (place); expected …; found …; hint`, as far as it has them. */
function translated(facts: string): string {
  const [place = ''] = /^ \(.*?\)(?=;|$)/.exec(facts) ?? []
  // What is expected may have a semicolon of its own; then what was found ends it.
  const parts =
    /^(?:; expected (.*?))?(?:; found (.*?)(?<advice>(?:; (?!expected |found ).*)?)|(?<only>(?:; (?!expected |found )(?:(?!; found ).)*)?))$/s.exec(
      facts.slice(place.length),
    )
  // Not in the common form.
  if (parts === null) return facts
  const [, expected, found] = parts
  const rest = parts.groups?.['advice'] ?? parts.groups?.['only']
  return [
    place.trim(),
    expected === undefined ? '' : `;应为 ${factInChinese(expected)}`,
    found === undefined ? '' : `;实际为 ${factInChinese(found)}`,
    rest === undefined || rest === '' ? '' : `;${factInChinese(rest.slice(2)).replaceAll('; ', ';')}`,
  ].join('')
}

/** Place and words of an error that has them in Chinese. */
function inChinese({ zh = {}, ...d }: ErrorDetail): string {
  const place = placeText(d)
  const said = (fact: string | undefined): string | undefined => fact && factInChinese(fact)
  const expected = zh.expected ?? said(d.expected)
  const actual = zh.actual ?? said(d.actual)
  const hint = zh.hint ?? said(d.hint)
  const text = [
    place ? `(${place})` : '',
    expected === undefined ? '' : `;应为 ${expected}`,
    actual === undefined ? '' : `;实际为 ${actual}`,
    hint === undefined ? '' : `;${hint}`,
  ]
  return printable(text.join(''))
}
