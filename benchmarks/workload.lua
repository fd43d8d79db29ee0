-- What a company's clients send: 75 % Telegram (text, some photos), 20 % VK (half of it read marks), 5 % exact repeats.
-- 20 000 people, the frequent ones far more often (log-uniform), every tenth message from somebody new.
-- wrk -s workload.lua URL -- FIRST TELEGRAM_PATH TELEGRAM_SECRET VK_PATH VK_SECRET GROUP [texts]
local first, sent, kind, last, now
local tg = {}
local vk = {}
local words = "Здравствуйте! Подскажите, пожалуйста, есть ли в наличии ещё такая же модель, и сколько будет стоить доставка до Казани, если оплатить сегодня? "
local more = "Если можно, пришлите счёт на почту, мы организация. Спасибо! "
local photo = '"photo":[{"file_id":"AgAC%d","file_unique_id":"AQAD%d","file_size":1523,"width":90,"height":67},{"file_id":"AgAD%d","file_unique_id":"AQAE%d","file_size":98211,"width":1280,"height":960}],"caption"'
local from = '{"update_id":%d,"message":{"message_id":%d,"from":{"id":%d,"is_bot":false,"first_name":"Мария","last_name":"Котова","username":"user%d","language_code":"ru"},"chat":{"id":%d,"first_name":"Мария","last_name":"Котова","username":"user%d","type":"private"},"date":%d,%s:"%s"}}'
local said = '{"type":"message_new","event_id":"e%d","v":"5.199","group_id":%s,"secret":"%s","object":{"message":{"date":%d,"from_id":%d,"id":%d,"out":0,"version":10000000,"attachments":[],"conversation_message_id":%d,"fwd_messages":[],"important":false,"is_hidden":false,"peer_id":%d,"random_id":0,"text":"%s"},"client_info":{"button_actions":["text","vkpay","open_app","location","open_link","callback"],"keyboard":true,"inline_keyboard":true,"carousel":true,"lang_id":0}}}'
local read = '{"type":"message_read","event_id":"e%d","v":"5.199","group_id":%s,"secret":"%s","object":{"from_id":%d,"peer_id":%d,"read_message_id":%d,"conversation_message_id":%d}}'

function init(args)
  first = tonumber(args[1])
  sent, now = 0, os.time()
  tg.path, vk.path, vk.group, kind = args[2], args[4], args[6], args[7]
  tg.headers = {["Content-Type"] = "application/json", ["X-Telegram-Bot-Api-Secret-Token"] = args[3]}
  vk.headers, vk.secret = {["Content-Type"] = "application/json"}, args[5]
  math.randomseed(first)
end

local function person()
  if math.random() < 0.1 then return 900000000 + first + sent end
  return 1000 + math.floor(20000 ^ math.random())
end

local function telegram(number, who)
  local what = '"text"'
  if math.random() < 0.067 then what = string.format(photo, number, number, number, number) end
  local text = words .. more .. number
  return string.format(from, number, number, who, who, who, who, now, what, text)
end

local function community(number, who)
  if math.random() < 0.5 then return string.format(read, number, vk.group, vk.secret, who, who, number, number) end
  return string.format(said, number, vk.group, vk.secret, now, who, number, number, who, words .. number)
end

function request()
  sent = sent + 1
  local dice = math.random()
  if kind == "texts" then dice = 0 end
  if dice > 0.95 and last then return last end
  local number, who = first + sent, person()
  if dice > 0.75 then
    last = wrk.format("POST", vk.path, vk.headers, community(number, who))
  else
    last = wrk.format("POST", tg.path, tg.headers, telegram(number, who))
  end
  return last
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"errors":%d,"refused":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.timeout, e.status))
end
