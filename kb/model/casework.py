"""This module is the vocabulary of cases: what can happen to one, and the few values that its facts may have.

Each value says at its place what people read (zh, en); kb.labels takes the names from here.
"""

from kb.model.schema import Choice


class EventKind(Choice):
    """What can happen to a case. Everything else that is known of one follows from a log of these."""

    REPORTED = "reported", "报障", "Reported"
    MESSAGE_IN = "message_in", "客户来信", "Message from the customer"
    MESSAGE_OUT = "message_out", "回复客户", "Reply to the customer"
    CALL = "call", "通话", "Call"
    NOTE = "note", "备注", "Note"
    CLASSIFIED = "classified", "分类", "Classified"
    ASSIGNED = "assigned", "分派", "Assigned"
    WAIT = "wait", "等待", "Waiting"
    RESUME = "resume", "继续", "Resumed"
    DIAGNOSED = "diagnosed", "诊断", "Diagnosed"
    ASKED = "asked", "询问", "Asked"
    LOOKED_AT = "looked_at", "看过，没有解决", "Looked at, did not help"
    PROPOSED = "proposed", "提出方案", "Proposed"
    TESTED = "tested", "试过", "Tested"
    APPLIED = "applied", "实施", "Applied"
    UNDONE = "undone", "回退", "Undone"
    PROMISED = "promised", "答应的时间", "Time promised"
    WORK_PLANNED = "work_planned", "安排工作", "Work planned"
    LEFT = "left", "出发", "Left"
    ARRIVED = "arrived", "到场", "Arrived"
    ACTED = "acted", "采取措施", "Measures taken"
    FINISHED = "finished", "工作完成", "Work finished"
    RECEIVED = "received", "收到送修件", "Received for repair"
    REPAIRED = "repaired", "修好", "Repaired"
    SENT = "sent", "寄回", "Sent back"
    EXCHANGED = "exchanged", "更换", "Exchanged"
    DROPPED = "dropped", "取消工作", "Work dropped"
    SIGNED = "signed", "客户签字", "Signed by the customer"
    RESTORED = "restored", "恢复", "Restored"
    CONFIRMED = "confirmed", "客户确认", "Confirmed"
    REJECTED = "rejected", "客户说没好", "Rejected"
    SURVEYED = "surveyed", "满意度", "Surveyed"
    ESCALATED = "escalated", "升级为紧急", "Escalated"
    UPDATE = "update", "进展通报", "Update"
    DAILY = "daily", "日报", "Daily report"
    STOOD_DOWN = "stood_down", "解除紧急", "Stood down"
    JOINED = "joined", "归入总单", "Joined to a parent"
    MERGED = "merged", "合并", "Merged"
    SPLIT = "split", "拆开", "Split again"
    LINKED = "linked", "关联文章", "Article linked"
    WRITTEN = "written", "写成文章", "Article written"
    UNWRITTEN = "unwritten", "不写文章", "Not worth an article"
    CLOSED = "closed", "关闭", "Closed"
    REOPENED = "reopened", "重开", "Reopened"
    CANCELLED = "cancelled", "取消", "Cancelled"
    ADOPTED = "adopted", "改用新的服务承诺", "New promises adopted"
    CORRECTED = "corrected", "更正", "Corrected"


EVENT_KINDS: dict[str, EventKind] = {k.value: k for k in EventKind}


class State(Choice):
    """Where a case is; everything finer is an event."""

    NEW = "new", "新", "New"
    OPEN = "open", "处理中", "Open"
    WAITING = "waiting", "等待", "Waiting"
    RESTORED = "restored", "已恢复", "Restored"
    CLOSED = "closed", "已关闭", "Closed"


class Outcome(Choice):
    """How a closed case ended."""

    CONFIRMED = "confirmed", "客户确认", "Confirmed"
    UNCONFIRMED = "unconfirmed", "没有回音", "Unconfirmed"
    CANCELLED = "cancelled", "取消", "Cancelled"
    MERGED = "merged", "并入别的单", "Merged"


class Role(Choice):
    """Who does something to a case. Whoever works on cases is one of STAFF."""

    CUSTOMER = "customer", "客户", "Customer"
    READER = "reader", "读者", "Reader"
    AGENT = "agent", "坐席", "Agent"
    ENGINEER = "engineer", "工程师", "Engineer"
    WRITER = "writer", "知识编辑", "Writer"
    LEAD = "lead", "主管", "Lead"
    ADMIN = "admin", "管理员", "Administrator"
    SYSTEM = "system", "系统", "System"


STAFF = (Role.AGENT, Role.ENGINEER, Role.LEAD, Role.ADMIN)


class Channel(Choice):
    """How a fault was reported."""

    PHONE = "phone", "电话", "Phone"
    MAIL = "mail", "邮件", "Mail"
    FORM = "form", "在线表单", "Online form"
    CHAT = "chat", "在线聊天", "Chat"
    FAX = "fax", "传真", "Fax"
    SMS = "sms", "短信", "SMS"
    WECHAT = "wechat", "微信", "WeChat"
    QQ = "qq", "QQ", "QQ"
    PROGRAM = "program", "程序", "Program"


class CaseKind(Choice):
    FAULT = "fault", "故障", "Fault"
    REQUEST = "request", "服务请求", "Request"
    ROUND = "round", "巡检", "Round"


class WaitsFor(Choice):
    """For whom, or what, a case waits."""

    CUSTOMER = "customer", "客户", "Customer"
    PART = "part", "备件", "Part"
    VENDOR = "vendor", "厂商", "Vendor"
    VISIT = "visit", "上门", "Visit"
    WINDOW = "window", "停机窗口", "Maintenance window"


class Work(Choice):
    """A piece of work of a case that has times of its own."""

    VISIT = "visit", "上门", "Visit"
    REPAIR = "repair", "送修", "Repair"
    EXCHANGE = "exchange", "更换", "Exchange"
    TRAINING = "training", "培训", "Training"


class WorkState(Choice):
    """How it stands with a piece of work. not_needed: the case was restored before anybody set out."""

    PLANNED = "planned", "已安排", "Planned"
    GOING_ON = "going_on", "进行中", "Going on"
    DONE = "done", "完成", "Done"
    DROPPED = "dropped", "取消", "Dropped"
    NOT_NEEDED = "not_needed", "不再需要", "Not needed any more"


class Urgency(Choice):
    HIGH = "high", "高", "High"
    NORMAL = "normal", "中", "Normal"
    LOW = "low", "低", "Low"


class Impact(Choice):
    """How many a fault reaches."""

    WIDE = "wide", "全体", "Everybody"
    PART = "part", "一部分", "Some"
    ONE = "one", "一个人", "One"


class Unwritten(Choice):
    """Why a case is not worth an article."""

    ONE_OFF = "one_off", "一次性的", "One-off"
    CUSTOMER = "customer", "客户自己的事", "The customer's own matter"
    MANUAL = "manual", "手册里已有", "In a manual already"
    UNCLEAR = "unclear", "没弄明白", "Not understood"


class Cancelled(Choice):
    """Why a case is none."""

    SPAM = "spam", "垃圾信息", "Spam"
    DUPLICATE = "duplicate", "重复", "Duplicate"
    NOT_OURS = "not_ours", "不归我们", "Not ours"
    WITHDRAWN = "withdrawn", "客户撤回", "Withdrawn"


class ClockState(Choice):
    """How it stands with one promised time. late: still running, and its time is past."""

    RUNNING = "running", "计时中", "Running"
    OUTSIDE = "outside", "非服务时间", "Outside hours"
    PAUSED = "paused", "暂停", "Paused"
    LATE = "late", "已超时", "Late"
    MET = "met", "按时", "Met"
    MISSED = "missed", "未按时", "Missed"
    NOT_NEEDED = "not_needed", "不需要", "Not needed"


class DeviceState(Choice):
    """What became of a device."""

    IN_USE = "in_use", "在用", "In use"
    SPARE = "spare", "备用", "Spare"
    IN_REPAIR = "in_repair", "在修", "In repair"
    RETIRED = "retired", "停用", "Retired"
    REPLACED = "replaced", "已换下", "Replaced"


class ContractKind(Choice):
    WARRANTY = "warranty", "质保", "Warranty"
    MAINTENANCE = "maintenance", "维保", "Maintenance"


class PlaceKind(Choice):
    """Where parts can be. Every move is from one place to another."""

    COMMON = "common", "常用备件库", "Store of common parts"
    OTHER = "other", "其他备件库", "Store of other parts"
    VAN = "van", "随车", "Van"
    TRANSIT = "transit", "在途", "In transit"
    SCRAP = "scrap", "报废", "Scrap"
    CASE = "case", "服务单占用", "Held for cases"
    VENDOR = "vendor", "厂商", "Vendor"
    CUSTOMER = "customer", "客户处", "With customers"
    DIFFERENCE = "difference", "盘点差异", "Differences of counts"


class Condition(Choice):
    NEW = "new", "全新", "New"
    REPAIRED = "repaired", "修复", "Repaired"
    BROKEN = "broken", "故障", "Broken"


class RoundKind(Choice):
    """What is looked at again and again. A call-back has no rhythm: one follows each closed case."""

    ROUND = "round", "巡检", "Round"
    WEAR = "wear", "易损件更换", "Wear part"
    INSTRUMENT = "instrument", "仪器校准", "Calibration"
    CENSUS = "census", "版本普查", "Census of versions"
    CALLBACK = "callback", "回访", "Call-back"


class Every(Choice):
    """What a rhythm counts in."""

    DAYS = "days", "天", "days"
    WEEKS = "weeks", "周", "weeks"
    MONTHS = "months", "个月", "months"


class Checked(Choice):
    """How an item of a checklist was found."""

    OK = "ok", "正常", "OK"
    BAD = "bad", "不正常", "Bad"
    ABSENT = "absent", "不适用", "Not applicable"


class RoundState(Choice):
    """How it stands with a round."""

    PLANNED = "planned", "未到期", "To come"
    OVERDUE = "overdue", "逾期", "Overdue"
    DONE = "done", "已完成", "Done"
    SKIPPED = "skipped", "已跳过", "Skipped"


VOCABULARIES: dict[str, type[Choice]] = {
    "event": EventKind,
    "state": State,
    "outcome": Outcome,
    "role": Role,
    "channel": Channel,
    "case_kind": CaseKind,
    "waits_for": WaitsFor,
    "work": Work,
    "work_state": WorkState,
    "urgency": Urgency,
    "impact": Impact,
    "unwritten": Unwritten,
    "cancelled": Cancelled,
    "clock": ClockState,
    "device": DeviceState,
    "contract": ContractKind,
    "place": PlaceKind,
    "condition": Condition,
    "round_kind": RoundKind,
    "every": Every,
    "checked": Checked,
    "round_state": RoundState,
}
"""The group of kb.labels under which each of them is named."""
