"""This module holds the words that say nothing by themselves."""

STOP_WORDS = frozenset(
    """
    的 了 是 在 和 我 有 不 吗 呢 啊 就 都 也 这 那 个 吧 呀 嘛 被 把 让 给 对 与 及 或 而 但 很 请 请问 您好
    你好 谢谢 怎么 怎么办 怎样 如何 什么 为什么 为何 哪里 一个 一下 我们 你们 您 你 他 它 上 下 中 里 后 前 时
    会 能 可以 the a an is are was were be of to in on and or for i my me it its this that how do does did can
    could what why when where which with at by from as you your we our has have had not no there if then so
    """.split()
)
"""Never required of an article and never marked, unless a query has nothing else."""
