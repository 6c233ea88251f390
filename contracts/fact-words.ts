import { CAMERA_PATTERNS, CAMERA_WORDS } from './camera-words.ts'
import { COUNTER_PATTERNS, COUNTER_WORDS } from './counter-words.ts'
import { JUDGING_PATTERNS, JUDGING_WORDS } from './judging-words.ts'
import { LOG_PATTERNS, LOG_WORDS } from './log-words.ts'
import { PACKAGE_PATTERNS, PACKAGE_WORDS } from './package-words.ts'
import { PART_WORDS } from './part-words.ts'

/**
 * Chinese of the words that errors say what they expected, found and advise with, for those which people meet on pages and
 * by the API. What an error brings in Chinese itself (`zh` of its detail) goes before; what is not here stays as it is.
 */
const WORDS: Readonly<Record<string, string>> = {
  ...CAMERA_WORDS,
  ...COUNTER_WORDS,
  ...JUDGING_WORDS,
  ...LOG_WORDS,
  ...PACKAGE_WORDS,
  ...PART_WORDS,
  // Requests and their values.
  nothing: '无',
  none: '无',
  more: '更多',
  object: '对象',
  'an object': '对象',
  string: '文本',
  number: '数字',
  int: '整数',
  boolean: 'true 或 false',
  array: '列表',
  record: '对象',
  'valid input': '有效输入',
  'a key of the schema': '规范中的键',
  'a parameter or key that /openapi.json lists': '/openapi.json 中列出的参数或键',
  'a path listed in /openapi.json': '/openapi.json 中列出的路径',
  'a UUID': 'UUID',
  'a URL': 'URL',
  'a finite number': '有限数',
  'a URL without NUL': '不含 NUL 的 URL',
  'a host name of this server': '本服务器的主机名',
  'no Host header': '没有 Host 头',
  'a request of this dashboard': '来自本页面的请求',
  'add it to dashboard.allowedHosts of the line file': '请将其加入产线文件的 dashboard.allowedHosts',
  '64 lower-case hex digits': '64 位小写十六进制数字',
  'each key once': '每个键只出现一次',
  'the same key twice': '同一个键出现两次',
  'text without NUL': '不含 NUL 的文本',
  'text with NUL': '含有 NUL 的文本',
  'whole characters': '完整的字符',
  'text of whole Unicode characters': '完整的 Unicode 字符',
  'half of a surrogate pair': '半个代理对',
  'text in UTF-8': 'UTF-8 文本',
  'a certificate': '证书',
  'the private key of a certificate': '证书的私钥',
  'a certificate in PEM': 'PEM 格式的证书',
  'a private key in PEM without a passphrase': '无密码保护的 PEM 私钥',
  'the private key of the first certificate of the other file': '与证书文件中第一个证书对应的私钥',
  'that of another one': '另一个证书的私钥',
  'a certificate that TLS takes': 'TLS 可用的证书',
  'the id of an active alarm': '当前报警的编号',
  'the id of a recorded inspection': '已记录检测的编号',
  'the id of a recorded fact': '已记录事实的编号',
  'the id of a nonconformance report': '不合格报告的编号',
  'something that is on hold': '已隔离的对象',
  'an id used once': '只使用一次的编号',
  'an image': '图像',
  // Pictures that are too poor to judge.
  'check the lamp and the exposure': '请检查光源和曝光',
  'check the exposure': '请检查曝光',
  'check reflections and the exposure': '请检查反光和曝光',
  'no part in its place: check the trigger': '工件不在位:请检查触发',
  'check focus and dirt on the lens': '请检查对焦以及镜头是否脏污',
  'check vibration, belt speed and exposure time': '请检查振动、线速和曝光时间',
  // Facts that people state about parts, and reviews.
  'a genealogy without cycles': '没有循环的谱系',
  'one of these links is wrong; supersede it first': '其中一条关联有误,请先更正',
  'it is not packed there': '不在其中',
  'a correction of what was unpacked then': '对当时所拆内容的更正',
  'retract that one, and record another': '请撤回该条,另行登记',
  'retract that one, and decide about the other unit by a fact of its own':
    '请撤回该条,并为另一工件单独登记处置',
  'look at what was found since, then decide': '请查看此后的检测,再作处置',
  'its holds cannot be told in time': '无法及时查明其隔离',
  'a fact that still stands': '仍然有效的事实',
  'a fact that can be taken back; a hold is ended by a release': '可以撤回的事实;隔离须用解除来结束',
  'correct the correction': '请更正最新的更正',
  'give a new fact its own id, and a correction `supersedes`':
    '新的事实请使用新的编号,更正请注明 `supersedes`',
  'give a new step its own id': '新的步骤请使用新的编号',
  'a hold or a release: other facts are stated on the line where they happened':
    '隔离或解除:其他事实请在发生的产线上登记',
  'a part that was inspected': '检测过的工件',
  'the serial of an inspected part': '检测过的工件的序列号',
  'a part that was reviewed': '复核过的工件',
  'parts that the line failed and a person found good': '产线判为不合格而人员判为合格的工件',
  'the review in the log': '日志中的复核',
  'it waits in the spool': '仍在暂存区等待',
  'it will show when the store has caught up': '存储赶上后即会显示',
  'a signed log': '已签名的日志',
  'a running line signs within seconds; see `proof` in the line file':
    '运行中的产线数秒内即签名;见产线文件的 `proof`',
  'a lot, or a time since when': '批次,或起始时间',
  'the id of the running teaching': '正在进行的示教的编号',
  'an image of this teaching that is still there': '该次示教中仍在的图像',
  'the approval of a second person': '第二人的批准',
  'close pages that nobody looks at; GET /api/parts and /api/line answer without one':
    '请关闭无人查看的页面;GET /api/parts 和 /api/line 不需要实时连接',
  'one more': '又一个',
  // Cameras, gate and devices of the line.
  'a readable folder or image file': '可读取的文件夹或图像文件',
  'a readable file': '可读取的文件',
  'at least one image file': '至少一个图像文件',
  'no such file': '没有该文件',
  'a heartbeat of the PLC that goes on changing': '持续变化的 PLC 心跳',
  'check the connection to the camera': '请检查与相机的连接',
  'the link or this machine is too slow for the stream: lower its bit rate, size or frame rate; of a camera whose clock is wrong, put -use_wallclock_as_timestamps 1 before -i':
    '链路或本机跟不上视频流:请降低其码率、分辨率或帧率;若相机时钟不准,请在 -i 之前加 -use_wallclock_as_timestamps 1',
  'set the camera back to that size, or write the new one into the line file and start the line again':
    '请将相机设回该尺寸,或将新尺寸写入产线文件并重新启动产线',
  'ask `ffprobe` for the size of the stream and write it into the line file':
    '请用 `ffprobe` 查询视频流的尺寸并写入产线文件',
  'restart the camera; check that the trigger reaches its sensor': '请重启相机;并检查触发是否到达其传感器',
  'check the camera, its cable, address and password; it is opened again by itself':
    '请检查相机、其线缆、地址与密码;相机将自动重新打开',
  'check the camera, its cable, address and password; then start the line again':
    '请检查相机、其线缆、地址与密码;然后重新启动产线',
  'check that the PLC runs and its address is right': '请检查 PLC 是否运行、地址是否正确',
  'check that the scanner is on, its address, and the rights to it': '请检查扫码器是否开机、其地址与访问权限',
  'check that the port is that of LLRP': '请检查端口是否为 LLRP 端口',
  'another program may hold the reader': '读写器可能被其他程序占用',
  'the PLC has never counted that trigger': 'PLC 从未计到该触发',
  'its part is rejected by default': '其工件按默认剔除',
  'the counter went over its greatest number: its numbers start a new epoch':
    '计数器已超过最大值:编号开始新的计数段',
  'counter restarted: its numbers start a new epoch; if nobody reset it, check the power of the device':
    '计数器已重新开始:编号开始新的计数段;若无人复位,请检查设备电源',
  'the trigger counter was restarted': '触发计数器已重新开始',
  'the registers are answered, but the program of the PLC does not run: check whether it is in STOP; heartbeatMs: 0 where it has no heartbeat':
    '寄存器有应答,但 PLC 程序未运行:请检查是否处于 STOP;无心跳时设 heartbeatMs: 0',
  // Files and stores.
  'a file that can be written': '可写入的文件',
  'a directory that can be written': '可写入的目录',
  'a data directory or an evidence bundle': '数据目录或证据包',
  'an evidence bundle (sightline-bundle@2, or @1)': '证据包(sightline-bundle@2 或 @1)',
  'a serial, URI or label text that was inspected or commissioned': '检测过或已赋码的序列号、URI 或标签文本',
  'give it with --data': '请用 --data 指定',
  '--recipe or --model': '--recipe 或 --model',
  neither: '两者皆无',
  'a known option': '已知选项',
  'a known command': '已知命令',
  'a data directory of a line': '产线的数据目录',
  'the data was written by a newer program; run that one': '数据由更新版本的程序写入,请运行该版本',
  'tiles are made again from the event log when the line starts': '产线启动时将由事件日志重新生成',
  'free space on the volume of the data directory; `df -i` says whether it is out of inodes':
    '请释放数据目录所在卷的空间;`df -i` 可查看 inode 是否用尽',
  'check that the data directory exists and may be written': '请检查数据目录是否存在、是否可写',
  'check that the directory exists and may be written': '请检查目录是否存在、是否可写',
  'check the disk and the file size limit of the process': '请检查磁盘及进程的文件大小上限',
  'the disk is read-only, as the system makes it after an error of the disk: check the disk, and mount it so that it can be written':
    '磁盘为只读,磁盘出错后系统会如此处理:请检查磁盘,并重新以可写方式挂载',
  'another program holds the database; stop it': '数据库被其他程序占用,请停止该程序',
  'a running store thread': '运行中的存储线程',
  'a disk that answers': '磁盘正常应答',
  'one that stands still': '磁盘停止响应',
  'no answer to store or spool for more than 5 s': '存储与暂存区超过 5 秒没有应答',
  'look at the disk, its cable and the log of the system': '请检查磁盘、连接线和系统日志',
  'it is closed or has died': '已关闭或已终止',
  'it is started again by itself; see the log for the cause': '将自动重新启动;原因见日志',
  'the note that this line wrote there last': '本产线最近一次写入的内容',
  'no file': '没有文件',
  'an older note': '较早的内容',
  'it is written again': '将重新写入',
  'an earlier one': '更早的时间',
  'records of that time overlap; the log is signed on, in the order of its events':
    '该时段的记录会重叠;日志按事件顺序继续签名',
  'wait for it or cancel it': '请等待其完成,或先取消',
  'give the URI instead of the name': '请使用 URI 代替名称',
  'free space on the volume of the database': '请在数据库所在的卷上腾出空间',
  'none in the spool': '暂存区中无记录',
  'the image of the record': '该记录的图像',
  'the store takes them as soon as it can': '存储会尽快接收',
  'the next start delivers them: keep the folder': '下次启动时送达:请保留该文件夹',
  'it is kept in rejected.jsonl of the spool; a trigger whose record it was is closed as interrupted at the next start':
    '已保留在暂存区的 rejected.jsonl 中;该记录所属的触发在下次启动时按中断关闭',
  'the record is stored without its image, which stays in the spool, named in rejected.jsonl':
    '记录已存储但没有图像;图像留在暂存区,名称见 rejected.jsonl',
  'the event log is damaged; restore the database from a backup': '事件日志已损坏;请从备份恢复数据库',
  'the file was altered; restore it from a backup': '文件已被改动;请从备份恢复',
}

type Say = (...found: string[]) => string

const PATTERNS: readonly (readonly [RegExp, Say])[] = [
  ...COUNTER_PATTERNS,
  [/^the argument <(.+)>$/, (name) => `参数 <${name}>`],
  [
    /^unknown (option|command) '(.*)'$/,
    (kind, name) => `未知${kind === 'option' ? '选项' : '命令'} '${name}'`,
  ],
  [/^`(sightline .*--help)` says what there is$/, (command) => `可用的内容见 \`${command}\``],
  [/^a whole number from (\S+) to (\S+)$/, (a, b) => `${a} 到 ${b} 的整数`],
  [/^a number from (\S+) to (\S+)$/, (a, b) => `${a} 到 ${b} 的数`],
  [/^an RFC 3339 time, e\.g\. (\S+)$/, (e) => `RFC 3339 时间,例如 ${e}`],
  [/^a date, e\.g\. (\S+)$/, (e) => `日期,例如 ${e}`],
  [/^at most (\d+) characters$/, (n) => `至多 ${n} 个字符`],
  [/^at most (\d+) levels of nesting$/, (n) => `至多 ${n} 层嵌套`],
  [/^at most (\d+) events$/, (n) => `至多 ${n} 个事件`],
  [/^(\d+) to (\d+) (facts|events)$/, (a, b, what) => `${a} 到 ${b} 条${what === 'facts' ? '事实' : '事件'}`],
  [/^string (<=?|>=?) (\d+)$/, (sign, n) => `文本长度 ${SIGN[sign ?? ''] ?? ''} ${n}`],
  [/^array (<=?|>=?) (\d+)$/, (sign, n) => `项数 ${SIGN[sign ?? ''] ?? ''} ${n}`],
  [/^(?:number|int) (<=?|>=?) (\S+)$/, (sign, n) => `数值 ${SIGN[sign ?? ''] ?? ''} ${n}`],
  [/^one of (".*")$/, (all) => `以下之一:${all}`],
  [/^unknown key (".*")$/, (key) => `未知的键 ${key}`],
  [/^at most (\d+) restarts in (\d+) ms$/, (restarts, ms) => `${ms} ms 内至多重启 ${restarts} 次`],
  [/^(\d+ x \d+ px), as before$/, (size) => `${size},与之前相同`],
  [/^another size than (.+ px) from ffmpeg (.+)$/, (size, input) => `ffmpeg ${input} 给出的尺寸不是 ${size}`],
  [/^a picture of the part of trigger (\d+)$/, (n) => `触发 ${n} 的工件的图像`],
  [/^that of trigger (\d+) again, taken at (\S+)$/, (n, at) => `触发 ${n} 的图像再次出现,拍摄于 ${at}`],
  [/^a frame within (\S+) ms$/, (ms) => `${ms} ms 内的一帧`],
  [/^a picture at most (\d+) ms later than the promptest$/, (ms) => `至多比最及时的画面晚 ${ms} ms`],
  [/^(\d+) ms later$/, (ms) => `晚 ${ms} ms`],
  [/^the program (\S+)$/, (name) => `程序 ${name}`],
  [/^role (\w+)$/, (role) => `角色 ${role}`],
  [/^schema version (\S+) or older$/, (v) => `结构版本 ${v} 或更早`],
  [/^a body of at most (\d+) bytes$/, (n) => `至多 ${n} 字节的请求体`],
  [/^the result of trigger (\d+) came (\S+) ms too late$/, (n, ms) => `触发 ${n} 的结果晚到 ${ms} ms`],
  [/^the result of (\d+) was not written in time$/, (n) => `触发 ${n} 的结果未能及时写入`],
  [/^the PLC had rejected part (\d+) by default already$/, (n) => `PLC 已按默认剔除工件 ${n}`],
  [/^the PLC refused the result of (\d+): code (\S+)$/, (n, code) => `PLC 拒绝触发 ${n} 的结果:代码 ${code}`],
  [/^the counter was restarted before the result of (\d+)$/, (n) => `计数器在触发 ${n} 的结果之前重新开始`],
  [/^parts that it passed since (\S+) may be wrong$/, (at) => `自 ${at} 起由其判为合格的工件可能有误`],
  [
    /^a decision about the last inspection of (.+), (\S+|which has none)$/,
    (unit, about) => `针对 ${unit} 最近一次检测的处置:${about === 'which has none' ? '尚无检测' : about}`,
  ],
  [/^a decision about (.+), as the one that it corrects$/, (unit) => `针对 ${unit} 的处置,与被更正的一致`],
  [/^((?:https?|urn):\S+) in ((?:https?|urn):\S+)$/, (child, parent) => `${child} 位于 ${parent} 之中`],
  [/^an end after (\S+)$/, (at) => `晚于 ${at} 的结束时间`],
  [/^fewer than (\d+) things around (.+)$/, (n, thing) => `${thing} 周围少于 ${n} 个对象`],
  [/^a part of fewer than (\d+) links$/, (n) => `关联少于 ${n} 条的工件`],
  [/^the content of fact (.+)$/, (id) => `事实 ${id} 的内容`],
  [/^(.+), superseded at position (\d+)$/, (id, at) => `${id},已在位置 ${at} 被更正`],
  [/^one thing on hold called (.+)$/, (name) => `唯一名为 ${name} 的已隔离对象`],
  [/^the recipe (\S+)$/, (id) => `配方 ${id}`],
  [/^at most (\d+) live screens$/, (n) => `至多 ${n} 个实时页面`],
  [/^the (\d+) events that the plant received$/, (n) => `工厂已接收的 ${n} 个事件`],
  [
    /^a log of (\d+): the data directory was replaced, or restored from an older copy$/,
    (n) => `只有 ${n} 个事件的日志:数据目录被替换,或恢复自旧副本`,
  ],
  [/^(\d+) events received$/, (n) => `已接收 ${n} 个事件`],
  [/^line (\S+), of which it has (\S+)$/, (line, log) => `产线 ${line},工厂中已有其日志 ${log}`],
  [
    /^name it as before \(`plantStore\.log: (\S+)`, --log\), or begin a new data directory, with another `line` .*$/,
    (log) =>
      `请用原来的名称(\`plantStore.log: ${log}\`、--log),或新建数据目录并保留现有的,同时更改产线文件中的 \`line\`(若写有 \`plantStore.log\` 也要更改);其内容均不接收`,
  ],
  [/^a time past the last checkpoint, (\S+)$/, (at) => `晚于最近检查点 ${at} 的时间`],
  [/^it is written again; what stood there is kept as (.+)$/, (name) => `将重新写入;原有内容保存为 ${name}`],
  [/^trigger (\d+) has a result already$/, (n) => `触发 ${n} 已有结果`],
  [/^trigger (\d+) may be of the count before the restart$/, (n) => `触发 ${n} 可能属于重新开始之前的计数`],
  [/^(\d+) bits$/, (n) => `${n} 位`],
  [/^GTIN (\d+) of (.+)$/, (gtin, product) => `${product} 的 GTIN ${gtin}`],
  [/^a file cut off after (\d+) bytes$/, (n) => `在 ${n} 字节后截断的文件`],
  ...CAMERA_PATTERNS,
  ...JUDGING_PATTERNS,
  ...LOG_PATTERNS,
  ...PACKAGE_PATTERNS,
]

const SIGN: Readonly<Record<string, string>> = { '<=': '≤', '>=': '≥', '<': '<', '>': '>' }

/** A fact in Chinese; what is not known stays as it is. */
export function factInChinese(fact: string): string {
  const known = Object.hasOwn(WORDS, fact) ? WORDS[fact] : undefined
  if (known !== undefined) return known
  for (const [pattern, say] of PATTERNS) {
    const found = pattern.exec(fact)
    if (found !== null) return say(...found.slice(1))
  }
  return fact
}
