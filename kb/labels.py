"""This module names values in both languages, those of the front matter first, and reads the names back."""

from kb.language import current
from kb.model.casework import VOCABULARIES
from kb.model.schema import FOLDER, KEYS
from kb.text import identifiers

LABELS: dict[str, dict[str, tuple[str, str]]] = {
    **{k.name: {c.value: (c.zh, c.en) for c in k.choices} for k in KEYS if k.choices},
    **{group: {c.value: (c.zh, c.en) for c in choices} for group, choices in VOCABULARIES.items()},
    "duplicate": {"text": ("同一篇文字", "Same text"), "fault": ("同一个故障", "Same fault")},
    "synonym": {
        "brackets": ("括号里的另一个名字", "another name in brackets"),
        "alias": ("同一篇的两种说法", "two names of one article"),
        "verdict": ("有效的判定", "helpful answers"),
    },
    "to": {
        "draft": ("改为草稿", "Back to draft"),
        "review": ("送审", "Submit for review"),
        "published": ("发布", "Publish"),
        "archived": ("归档", "Archive"),
    },
    "key": {**{k.name: (k.zh, k.en) for k in KEYS}, "ticket": ("工单号", "Ticket number")},
    "facet": {k.name: (k.zh, k.en) for k in (*KEYS, FOLDER) if k.facet},
    "verdict": {"helpful": ("有效", "Helped"), "unhelpful": ("无效", "Did not help")},
    "reason": {
        "fault": ("不是这个问题", "Not this fault"),
        "incomplete": ("信息不足", "Not enough information"),
        "wrong": ("不准确", "Inaccurate"),
        "unclear": ("看不懂", "Hard to understand"),
        "links": ("链接失效", "Broken links"),
        "other": ("其他", "Other"),
    },
    "gap": {
        "open": ("待处理", "Open"),
        "ignored": ("已忽略", "Ignored"),
        "done": ("已处理", "Done"),
        "again": ("处理后又出现", "Missed again"),
    },
    "insight": {
        "searches": ("搜索", "Searches"),
        "pastes": ("粘贴", "Pastes"),
        "nothing": ("没找到", "Nothing found"),
    },
    "band": {
        "strong": ("强", "Strong"),
        "medium": ("中", "Medium"),
        "weak": ("弱", "Weak"),
        "related": ("同类", "Related"),
    },
    "field": {
        "title": ("标题", "title"),
        "heading": ("章节", "heading"),
        "alias": ("客户说法", "customers' words"),
        "fact": ("属性", "details"),
        "page": ("同一篇的别处", "elsewhere on the page"),
        "topic": ("主题", "topic"),
        "sentence": ("一句话", "one sentence"),
        "meaning": ("同样的意思", "the same meaning"),
        "product": ("产品", "product"),
        "about": ("标题或现象", "title or symptom"),
        "remembered": ("以前的判定", "earlier verdicts"),
        "text": ("正文", "text"),
        "code": ("代码与日志", "code and logs"),
    },
    "how": {
        "same": ("有", "there"),
        "synonym": ("以同义词出现", "as a synonym"),
        "cut": ("有这些字，但切分成了别的词", "its characters, but split into other words"),
        "elsewhere": ("在别的一节", "in another section"),
        "absent": ("没有", "not there"),
        "unknown": ("全库都没有", "in no article"),
    },
    "identifier": {k.name: (k.zh, k.en) for k in identifiers.KINDS},
    "private": {
        "mobile": ("手机号码", "mobile number"),
        "id_card": ("身份证号码", "ID card number"),
        "mail": ("邮箱地址", "mail address"),
        "phone": ("电话号码", "phone number"),
        "bank_card": ("银行卡号", "bank card number"),
        "passport": ("护照号码", "passport number"),
        "plate": ("车牌号码", "number plate"),
        "account": ("社交账号", "chat account"),
        "tax_number": ("税号", "tax number"),
        "address": ("住址", "postal address"),
        "name": ("姓名", "name"),
        "hotline": ("服务热线", "hotline number"),
        "password": ("密码", "password"),
        "ip": ("IP 地址", "IP address"),
        "mac": ("MAC 地址", "MAC address"),
    },
    "asset": {
        "customers": ("客户", "customers"),
        "sites": ("地点", "sites"),
        "contacts": ("联系人", "contacts"),
        "contracts": ("合同", "contracts"),
        "devices": ("设备", "devices"),
        "parts": ("备件", "parts"),
        "versions": ("版本", "versions"),
        "places": ("库房", "places"),
    },
    "imported": {"new": ("新增", "new"), "changed": ("修改", "changed"), "same": ("不变", "the same")},
    "promise": {
        "answer": ("响应", "Answer"),
        "reply": ("答复", "Reply"),
        "arrive": ("到场", "Arrival"),
        "act": ("采取措施", "Measures"),
        "restore": ("恢复", "Restoration"),
        "repair": ("修理", "Repair"),
        "exchange": ("更换", "Exchange"),
        "promised": ("答应的时间", "Time promised"),
        "update": ("进展通报", "Update"),
        "daily": ("日报", "Daily report"),
    },
    "reply": {"yes": ("是", "Yes"), "no": ("否", "No"), "unknown": ("不知道", "Don't know")},
    "sort": {
        "relevance": ("相关度", "Relevance"),
        "updated": ("最近更新", "Updated"),
        "created": ("最近创建", "Created"),
        "used": ("最常用", "Most used"),
    },
}


def label(group: str, value: str) -> str:
    """The name people read, in the current language; the value itself when it has none."""
    names = LABELS.get(group, {}).get(value)
    return value if names is None else names[current() == "en"]


def value_of(group: str, text: str) -> str:
    """Inverse of label in both languages; the text itself when it is none, as a value of the base's own."""
    wanted = text.strip().lower()
    for value, names in LABELS.get(group, {}).items():
        if wanted == value.lower() or wanted in (n.lower() for n in names):
            return value
    return text.strip()


def guessed_value(group: str, text: str) -> str:
    """The same, and for the start of one name its value (硬件 -> hardware): where no
    value can be the base's own, or a text was not written for us."""
    found, wanted = value_of(group, text), text.strip().lower()
    if not wanted or found in LABELS.get(group, {}):
        return found
    starts = [v for v, names in LABELS.get(group, {}).items() if any(n.lower().startswith(wanted) for n in names)]
    return starts[0] if len(starts) == 1 else found
