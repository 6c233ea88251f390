type Say = (...found: string[]) => string

/** Things of a database, as SQLite calls them. */
const SCHEMA: Readonly<Record<string, string>> = {
  table: '表',
  index: '索引',
  view: '视图',
  trigger: '触发器',
}

/** Chinese of what the log, its proof, its witnesses, the plant and the identity of parts say; see `fact-words.ts`. */
export const LOG_WORDS: Readonly<Record<string, string>> = {
  // The store of a plant.
  'check address, network and that PostgreSQL runs; it is tried again':
    '请检查地址、网络以及 PostgreSQL 是否运行;将自动重试',
  'raise max_connections of PostgreSQL, or the limit of role or database, or end other connections; it is tried again':
    '请调高 PostgreSQL 的 max_connections 或该角色、数据库的连接上限,或断开其他连接;将自动重试',
  'check the certificate of the server (host, dates, authority), `sslrootcert` of the URL and the clock here; it is tried again':
    '请检查服务器证书(主机名、有效期、签发机构)、URL 中的 `sslrootcert` 和本机时钟;将自动重试',
  'check the files that the URL names: sslrootcert, sslcert, sslkey':
    '请检查 URL 中所写的文件:sslrootcert、sslcert、sslkey',
  'name the address of PostgreSQL itself, not of a pooler: settings of a connection do not stay behind one':
    '请填写 PostgreSQL 本身的地址,而非连接池的地址:连接的设置在连接池之后不会保留',
  'name the address of the server that takes writes, not of a standby, and see that neither role nor database sets default_transaction_read_only':
    '请填写可写入的服务器地址,而非备用服务器;并确认角色和数据库都没有设置 default_transaction_read_only',
  'check database, user and rights of the URL': '请检查 URL 中的数据库、用户及其权限',
  'the plant store was altered; restore it from a backup': '工厂数据库已被改动;请从备份恢复',
  'the tree of the received log': '已接收日志的哈希树',
  'another root': '另一个根',
  'another number: somebody else replicates this log': '数目不同:另有程序在复制此日志',
  'a log keeps its key; a line that starts over replicates under another name':
    '日志的密钥不变;重新开始的产线请用另一名称复制',
  'the server that took the images': '接收了图像的服务器',
  'a connection made anew, perhaps to one that took over without them':
    '新建的连接,其服务器可能是接管者而没有这些图像',
  'the event that the plant received there': '工厂在该处接收的事件',
  'another one': '不同的事件',
  'a log that the plant has under no other name': '工厂中没有以其他名称存在的日志',
  'a line by whose name the plant has no other log': '工厂中没有同名产线的其他日志',
  'begin a new data directory, with another `line` in the line file (and another `plantStore.log`, where it has one), and keep this one: parts without a code and reports of both would be the same there; nothing of it is taken over':
    '请新建数据目录并保留现有的,同时更改产线文件中的 `line`(若写有 `plantStore.log` 也要更改):否则两者的无码工件和报告在工厂中会混为一体;其内容均不接收',
  'nothing behind it is taken over; `sightline verify` on the line names what was altered':
    '其后的内容均不接收;在产线上运行 `sightline verify` 可查明改动之处',
  'put back the newer one, or begin a new data directory, with another `line` in the line file (and another `plantStore.log`, where it has one), and keep this one; nothing behind it is taken over':
    '请放回较新的数据目录,或新建数据目录并保留现有的,同时更改产线文件中的 `line`(若写有 `plantStore.log` 也要更改);其后的内容均不接收',
  'nothing behind it is taken over; of a data directory that was put back from an older copy, begin a new data directory, with another `line` in the line file (and another `plantStore.log`, where it has one), and keep this one; else `sightline verify` on the line names what was altered':
    '其后的内容均不接收;若数据目录恢复自旧副本,请新建数据目录并保留现有的,同时更改产线文件中的 `line`(若写有 `plantStore.log` 也要更改);否则在产线上运行 `sightline verify` 可查明改动之处',
  // Witnesses of the log.
  'an answer': '应答',
  'checkpoints are kept and cosigned when it answers again': '检查点会保留,待其恢复应答后补签',
  'give the witness the public key of this log, and this line the key of the witness':
    '请将此日志的公钥交给见证方,并将见证方的密钥交给本产线',
  'until now it would have cosigned another log as well: find out how it lost its state folder, and run `sightline verify`, which checks the cosignatures that the line kept':
    '在此之前它也可能为另一份日志签名:请查明其状态文件夹为何丢失,并运行 `sightline verify` 检查产线保留的见证签名',
  'the log was cut, restored from an old copy or rewritten; keep both and run `sightline verify`':
    '日志被截断、恢复自旧副本或被改写;请保留两份并运行 `sightline verify`',
  // Keys, checkpoints and stamps.
  'a key that only its owner may read (0600)': '只有其所有者可读的密钥文件(0600)',
  'an Ed25519 key': 'Ed25519 密钥',
  'a log keeps its name and key; give those, or begin a new data directory':
    '日志的名称与密钥不变;请给出原来的,或新建数据目录',
  'another one, or a shorter one in checkpoints.jsonl': '另一份日志,或 checkpoints.jsonl 中较短的日志',
  'nothing more is signed, and the file is left as it is; `sightline verify` names what was altered':
    '不再签名,该文件保持原样;运行 `sightline verify` 可查明改动之处',
  'a time-stamp (RFC 3161)': '时间戳(RFC 3161)',
  'a certificate for time-stamping': '用于时间戳的证书',
  'one for another purpose': '用于其他用途的证书',
  'a certificate for time-stamping alone, by a critical extension (RFC 3161, 2.3)':
    '仅用于时间戳的证书,由关键扩展注明(RFC 3161,2.3)',
  'one for other purposes, too': '还用于其他用途的证书',
  'an extension that is not critical': '扩展未标为关键',
  'verifiers refuse what it stamps: have the authority take another certificate':
    '验证者会拒绝其时间戳:请让该机构更换证书',
  'verifiers refuse what it stamps: have the authority renew its certificate':
    '验证者会拒绝其时间戳:请让该机构更新证书',
  'a thread that checks events': '核对事件的线程',
  'it ended early': '已提前结束',
  'the records whose events are signed in the log beside it': '其旁日志中已签名事件的记录',
  'a file without any: it was emptied or taken away, or lacks its write-ahead log (-wal)':
    '文件中没有任何记录:已被清空或移走,或缺少预写日志(-wal)',
  'put it back, or begin a new data directory and keep this one': '请放回该文件,或新建数据目录并保留现有的',
  // Names.
  'a URI without blanks and line breaks, a percent sign before two hexadecimal digits only':
    '不含空格和换行的 URI,百分号后须为两位十六进制数字',
  // The store.
  'inspections to come through capture': '检测经由 capture 写入',
  'the record and its event are one transaction': '记录与其事件属于同一事务',
  'facts about parts to come through recordFact, EPCIS events through captureEpcis':
    '工件的事实经由 recordFact 写入,EPCIS 事件经由 captureEpcis',
  'edges and holds are made with the event in one transaction': '关系与隔离同事件在同一事务中写入',
  'steps of nonconformance reports to come through recordNcrStep': '不合格报告的步骤经由 recordNcrStep 写入',
  'each is checked against the steps before it': '每一步都与之前的步骤核对',
  'what a gate did not take to come through annotate': '剔除机构未执行的命令经由 annotate 写入',
  'what became of the command and its event are one transaction': '命令的结果与其事件属于同一事务',
  'deletions of images to come through deleteImages': '图像的删除经由 deleteImages 写入',
  'an event without the deletion would explain an image that was taken away':
    '只有事件而没有删除,会为被拿走的图像作出解释',
  'a request of the store': '对存储的请求',
  'a cycle is recorded once; a counter that began anew has another attempt':
    '每个周期只记录一次;重新开始的计数器属于另一计数段',
  'hold or release': '隔离或解除',
  'a hold that came here': '来自此处的隔离',
  'one transaction at a time': '一次只有一个事务',
  'string without NUL, finite number, bigint, Uint8Array or null':
    '不含 NUL 的文本、有限数、bigint、Uint8Array 或 null',
  'an older program wrote this; start the line once with this one, which brings the records up to date':
    '数据由较旧的程序写入;请用本程序启动一次产线,记录即会升级',
  'an open store': '打开的存储',
  'somebody altered the database: keep a copy, run `sightline verify`, then drop a trigger that is none of this program, and take what is gone from a backup':
    '数据库被改动:请保留副本并运行 `sightline verify`,然后删除不属于本程序的触发器,并从备份取回缺失的内容',
  'somebody altered the database: run `sightline verify`, which says whether records were altered too':
    '数据库被改动:请运行 `sightline verify`,查明记录是否也被改动',
  'run `sightline verify`, which says what is altered; restore the file from a backup':
    '请运行 `sightline verify` 查明改动之处;并从备份恢复该文件',
  'to run as a worker thread': '作为工作线程运行',
  'nobody that reads the database while it is closed, and room on the disk':
    '关闭时无人读取数据库,且磁盘有空间',
  // Who a part is, and who works on it.
  'move the reader closer to the camera or lower the tolerance': '请将读码器移近相机,或减小容差',
  'find both parts, print one label again; the part is held':
    '请找到两个工件并重新打印其中一个标签;工件已隔离',
  'FNC1 (1D hex) between the fields of a GS1 symbol': 'GS1 条码各字段之间的 FNC1(十六进制 1D)',
  'the reference of an operator': '操作员的编号',
  'a file that can be read': '可读取的文件',
  'a file that can be renamed': '可重命名的文件',
  'put it back from a backup; without it (delete the file) everybody gets a new reference':
    '请从备份放回;若没有备份(删除该文件),每个人都会得到新的编号',
  'status 2xx': '状态 2xx',
  // Recipes in force.
  'a recipe that can judge its own golden template': '能判定自身标准图的配方',
  'check golden template, quality limits and tools of the recipe': '请检查配方的标准图、图像质量界限和工具',
  'a line': '产线',
  'start a worker for each line': '请为每条产线启动一个工作进程',
  'raise the version of one, or start a worker for each line':
    '请提高其中一个的版本,或为每条产线启动一个工作进程',
}

export const LOG_PATTERNS: readonly (readonly [RegExp, Say])[] = [
  [/^a limit of at least (\d+)$/, (n) => `至少为 ${n} 的上限`],
  [/^an answer within (\d+) ms$/, (ms) => `${ms} ms 内应答`],
  [/^one thing called (.+)$/, (name) => `唯一名为 ${name} 的对象`],
  [/^a URI, or unit\/…, lot\/…, (.+)$/, (more) => `URI,或 unit/…、lot/…、${more}`],
  [/^the (table|index|view|trigger) (\S+)$/, (type, name) => `${SCHEMA[type ?? '']} ${name}`],
  [
    /^the content of (inspection|step) (.+)$/,
    (what, id) => `${what === 'step' ? '步骤' : '检测'} ${id} 的内容`,
  ],
  [/^a log tree of (\d+) leaves$/, (n) => `${n} 片叶的日志树`],
  [/^a (\S+) or a retract$/, (kind) => `${kind} 或撤回`],
  [/^event (\S+) (\S+)$/, (type, id) => `事件 ${type} ${id}`],
  [/^the id of (.+) on record$/, (what) => `记录中 ${what} 的编号`],
  [/^the old file is (.+) beside it$/, (name) => `旧文件以 ${name} 保存在旁边`],
  [/^in: (.+)$/s, (sql) => `语句:${sql}`],
  [/^schema version (\S+)$/, (v) => `结构版本 ${v}`],
  [/^a return after (\S+)$/, (at) => `晚于 ${at} 的退回`],
  [/^the tables and triggers of schema version (\S+)$/, (v) => `结构版本 ${v} 的表与触发器`],
  [
    /^nothing is lost: the rest lies in (.+)-wal, which belongs to the file, also when it is copied; the next start goes on with it$/,
    (file) => `没有丢失:其余内容在 ${file}-wal 中,它属于该文件,复制时须一并复制;下次启动会继续处理`,
  ],
  [/^less than half of the part spacing (\S+)$/, (n) => `小于工件间距 ${n} 的一半`],
  [/^a serial that the last (\d+) parts do not have$/, (n) => `最近 ${n} 个工件都没有的序列号`],
  [/^(.+), also of trigger (\d+)$/, (uri, n) => `${uri},触发 ${n} 也是它`],
  [
    /^say fnc1: '(.+)' at the reader in the line file, or set the reader to send symbology identifiers and 1D$/,
    (code) => `请在产线文件的读码器处写 fnc1: '${code}',或将读码器设为发送码制标识符和 1D`,
  ],
  [
    /^a badge that begins with (.+), as no association names (.+)$/,
    (prefix, source) => `以 ${prefix} 开头的工牌,因为没有关联使用 ${source}`,
  ],
  [/^a read of (\d+) characters$/, (n) => `${n} 个字符的读码`],
  [/^a station: (.+)$/, (all) => `工位:${all}`],
  [/^a key of (\d+) bytes$/, (n) => `${n} 字节的密钥`],
  [/^the recipe of that name in (.+)$/, (dir) => `${dir} 中的同名配方`],
  [/^another one in (.+)$/, (dir) => `${dir} 中的另一个`],
  [/^chmod 600 (.+)$/, (file) => `请执行 chmod 600 ${file}`],
  [/^the private key of (.+)$/, (vkey) => `${vkey} 的私钥`],
  [
    /^a log that leads on from the (\d+) events that this checkpoint was signed over$/,
    (n) => `由该检查点所签的 ${n} 条事件延续的日志`,
  ],
  [/^a certificate that is valid at (\S+)$/, (at) => `在 ${at} 有效的证书`],
  [/^one of (\S+) to (\S+)$/, (from, to) => `有效期 ${from} 至 ${to}`],
  [/^event (\d+)$/, (n) => `事件 ${n}`],
  [/^a cosignature by (\S+)$/, (key) => `${key} 的见证签名`],
  [/^the (\d+) events that (.+) cosigned$/, (n, name) => `${name} 已见证的 ${n} 条事件`],
  [
    /^a log that continues what the witness cosigned(?:, (\d+) events)?$/,
    (n) => `延续见证方已签名内容${n === undefined ? '' : `(${n} 条事件)`}的日志`,
  ],
  [/^another log of (\d+) events$/, (n) => `含 ${n} 条事件的另一份日志`],
]
