"""Files of seven users and nine events: small enough to check every number by hand."""

from core.workspace import Actor

USERS = """\
user_id,city,name,phone,email,address,card_id,points,level,is_vip,interests,registered_on,remark
u01,北京,王小明,13800000001,wang@example.com,北京市朝阳区某路1号,110101199001010011,120,gold,true,读书;旅行,2019-01-01,hello
u02,北京,李,13800000002,l@example.com,上海市某路2号,ab,80.5,silver,false,读书,2019-01-02,=1+1
u03,上海,John Smith,+8613800000003,,,,,silver,true,,2019-01-03,-5
u04,上海,,13800000004,zhao@example.com,,,0,,false,健身;旅行,2019-02-01,+86 138-0000-0004
u05,广州,周周,,,,,200,gold,,美食,2019-03-01,@SUM(A1)
u06,,吴,110,broken,,,55,,,,2019-04-01,"a,""b"" c"
007,北京,郑,13800000007,zheng@example.com,,,-3,gold,true,读书;美食;旅行,2019-05-01,＝x
"""

EVENTS = """\
user_id,event,at,amount,channel
u01,view,2019-06-01 10:00:00,,app
u01,favourite,2019-06-02 10:00:00,,app
u01,buy,2019-06-03 10:00:00,99.5,app
u02,view,2019-06-04 10:00:00,,web
u02,chat,2019-06-05 10:00:00,,web
u03,buy,2019-06-06 10:00:00,20,web
u03,buy,2019-07-01 10:00:00,30,app
u04,favourite,2019-06-07 10:00:00,,app
007,chat,2019-06-08 10:00:00,,app
"""

PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"

[dimensions]
who = {zh = "人口统计", en = "Demographics"}

[[users]]
source = "users.csv"
id = "user_id"
registered = "registered_on"
[users.tags.city]
column = "city"
type = "enum"
label = {zh = "城市", en = "City"}
dimension = "who"
[users.tags.name]
column = "name"
type = "text"
personal = "name"
label = {zh = "姓名", en = "Name"}
[users.tags.phone]
column = "phone"
type = "text"
personal = "phone"
[users.tags.email]
column = "email"
type = "text"
personal = "email"
[users.tags.address]
column = "address"
type = "text"
personal = "address"
[users.tags.card_id]
column = "card_id"
type = "text"
personal = "id"
[users.tags.points]
column = "points"
type = "number"
[users.tags.level]
column = "level"
type = "enum"
[users.tags.is_vip]
column = "is_vip"
type = "boolean"
[users.tags.interests]
column = "interests"
type = "multi"
separator = ";"
[users.tags.registered_on]
column = "registered_on"
type = "date"
[users.tags.remark]
column = "remark"
type = "text"

[[events]]
event_column = "event"
source = "events.csv"
user = "user_id"
at = "at"
amount = "amount"
properties = ["channel"]

[tags.spend]
event = "buy"
measure = "sum"
property = "amount"
label = {zh = "消费额", en = "Spend"}
[tags.last_buy]
event = "buy"
measure = "last_at"

[[journey]]
key = "registered"
label = {zh = "注册用户", en = "Registered"}
[[journey.steps]]
key = "register"
label = {zh = "注册", en = "Registered"}
[[journey.steps]]
key = "look"
label = {zh = "浏览", en = "Looked"}
events = ["view", "favourite"]
[[journey]]
key = "buyers"
label = {zh = "交易用户", en = "Buyers"}
[[journey.steps]]
key = "chat"
label = {zh = "咨询", en = "Asked"}
events = ["chat"]
[[journey.steps]]
key = "buy"
label = {zh = "购买", en = "Bought"}
events = ["buy"]
"""

ACTOR = Actor("测试员")
