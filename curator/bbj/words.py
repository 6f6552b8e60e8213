"""The words of BBj as tables of lower-case words: what each may be used as.

BBj reserves far fewer words than it has verbs: `print = 1`, `gosub read` and `next:` are legal. Which words may be
names was measured with bbjcpl and published; the tables RESERVED_AS_VARIABLE and RESERVED_AS_LABEL hold the result.
This module holds data only; how a verb is parsed stands in the parser modules.
"""


def table(text: str) -> frozenset[str]:
    """The words of a text as a set; tables read better so than as lists of quoted words."""
    return frozenset(text.split())


# `word = 1` is refused by bbjcpl. `word$` and `word!` are fine, but for the two in RESERVED_WITH_SUFFIX.
# `table` is left out: two published runs of the compiler contradict each other, and one of them is a shipped fixture.
RESERVED_AS_VARIABLE = table("""
    all argc begin callback case chn csoff cson ctl day dread dsz else endif err exitto fi fnend fnerr for from gosub
    goto if iol iolist let list load new on opts pfx process_events psz read_resource remove_callback restore rev
    seterr setesc sqlchn sqlunt ssn swend switch sys tbl then tim unt until wend where while
""")
RESERVED_WITH_SUFFIX = table("fnend fnerr")

# `word:` and `goto word` are refused by bbjcpl.
RESERVED_AS_LABEL = table("""
    all begin callback case dread else endif err exitto fi fnerr for from gosub goto if iolist let load new on
    process_events remove_callback restore seterr setesc swend switch then tim until wend where while
""")

# Values without parentheses.
SYSTEM_VARIABLES = table("""
    argc chn ctl day dsz err opts pfx psz rev sqlchn sqlunt ssn sys tim unt
""")
STRING_SYSTEM_VARIABLES = table("day opts pfx rev ssn sys")

# Reserved words that can never stand where a value is expected (`tbl(`, `iol=` and the like are recognised by shape).
NOT_A_VALUE = RESERVED_AS_VARIABLE - SYSTEM_VARIABLES - table("tbl list csoff cson read_resource callback new")

# Where a jump may go without naming a label of the program: `err=*next`.
SYMBOLIC_LABELS = table("proceed next same retry break continue escape return stop end exit endif")

# `NAME=` inside channel parentheses, argument lists and option tails. Those of REF_OPTIONS take a label or line number.
OPTIONS = table("err end dom key knum ind dir siz tim len tbl iol mode isz")
REF_OPTIONS = table("err end dom tbl iol")

# Built-in functions by what they are known to return; the others return an object, or what their arguments are.
STRING_FUNCTIONS = table("""
    argv ath bin chr clientenv cliptostr cpl cvs date decrypt dir dsk encrypt env errmes fattr fbin fid fill fin
    gap hsh hta key keyf keyl keyn keyp kgen lrc lst pad pck pgm sqlerr sqlfetch sqllist sqltables sqltmpl stbl str
    swap tmpl xfid xfin
""")
NUMBER_FUNCTIONS = table("""
    abs asc atn bsz cos dec ept exp fdec fpt hsa int jul len levenshtein log mod neval num pos rnd round sgn sin sqr
    ssz upk
""")
ANY_FUNCTIONS = table("""
    adjn and cast chanopt clipisformat clipregformat crc crc16 ctrl cvt dims err eval field fileopen fileopt filesave
    iff imp ind info ior lcheckout linfo mask max menuinfo min msgbox nfield not notice noticetpl null prompt pub
    resfirst resget resinfo resnext resopen scall sendmsg serverenv seval ssort tbl tcb time topen tsk winfirst wininfo
    winnext xkgen xor xssort
""")
FUNCTIONS = STRING_FUNCTIONS | NUMBER_FUNCTIONS | ANY_FUNCTIONS

# Words that open, split or close blocks; shown by the lexer's users as keywords.
BLOCK_WORDS = table("""
    if then else endif fi while wend for to step next repeat until switch case default swend def fnend class classend
    interface interfaceend method methodend methodret
""")
ACCESS_LEVELS = table("public private protected")
FRAME_WORDS = table("class classend interface interfaceend method methodend field extends implements static void")

# Every word that can begin a statement. The parser's table says how each goes on; a test compares the two.
VERBS = table("""
    addr auto background begin break bye call callback case chanopt chdir cisam class classend clear clearp
    clipclear clipfromfile clipfromstr cliplock cliptofile clipunlock close continue csoff cson data declare def
    delete denum dim direct disable dread drop dump edit else enable end endif endtrace enter erase escape escoff
    escon execute exit exitto extract extractrecord fi field file fileopt find findrecord floatingpoint fnend
    fnerr for fulltext gosub goto if indexed initfile input inpute inputn inputrecord interface interfaceend
    iolist jerase jkeyed jopen lcheckin let library list load lock merge method methodend methodret mkdir mkeyed
    next on open precision prefix print printrecord process_events program read readrecord redim release remove
    remove_callback rename renum repeat resclose reserve reset restore retry return rmdir run save savep select
    serial set_case_sensitive_off set_case_sensitive_on setday setdrive seterr setesc setopts setterm settime
    settrace sort sqlclose sqlcommit sqlexec sqlopen sqlprep sqlrollback sqlset start stop string swend switch
    table tclose tcommit throw trollback unlock until updatelic use vkeyed wait wend while write writerecord xcall
    xfile xkeyed
""")

# Terminal, printer and window mnemonics a program may print, for the hint about unknown ones.
MNEMONICS = table("""
    2d 8d ab ae ah at bb be bg bi bj bk bl bm bo bp br bs bt bu bx c0 c1 c2 c3 c4 c5 c6 c7 cb ce cf ch ci cl cn cp cr cs
    cu cy cyan dc dn eb ed ee eg ei el em eo ep er es et eu ff fl fn fs g0 g1 gd ge gh gr gs hd ic il io is it ki kl l6
    l8 lc ld lf li ll lt magenta me ml mo mp ms nl nm on off op pa pb pc pe pi po pp pr ps pt r0 r1 rb rc rd red rf rg
    rl rm rs rt s1 s2 s3 s4 s5 s6 s7 s8 sb sc sd se sf sl sn sp sr sw td te tl tm tr ts uc uf ul up vt wa wb wc we wg
    wh white wm wr wt xb xe yellow blue black green zb za zc ze tb yb
    addchild arc backcolor begincapture bitmap box bullet button caption chardef checkbox checked child childwindow
    circle clear click color colorfill connect context createcontext cursor customedit defaultfont destroy disable
    draw drawmode drop dropdown edit edittext ellipse enable endcapture event eventmask fillmode focus font frame
    geometry getcontext grid hide hscroll image inkey input inputd inputedit inputn label line linestyle list
    listbox listbutton listedit listview lock log mdi menu menubar moveto multi navigator nocolor page pagesize pen
    pie polygon popup pop print printer progress push radiobutton radiogroup readonly rectangle resize resource rgb
    scroll select setmenu setcontext setcursor setfocus show size slider static status statusbar swap tab tabctrl
    tabstop text textalign textbox title toolbar toolbutton tooltip tree check uncheck unlock update utext version
    vscroll window wincolor winsize autocalculate swappage docktab dialogbehavior imagectrl landscape portrait
    papersize bin copies file acs pdf preview
    groupbox icon inpute listadd listclr listdel listmadd listsel listsuspend listresume listunsel maximize minimize
    move notify restore txappend txedit wintitle
""")
