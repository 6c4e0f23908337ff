"""What invented offices write: organs, types, subjects, sentences and words, drawn by chance.

The sentences are made up and say nothing true. `EVERY_LETTER` holds words with all 67 letters that
Vietnamese adds to the alphabet; in capitals they give the other 67.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.corpus.people import money

if TYPE_CHECKING:
    import numpy as np

EVERY_LETTER = (
    *("nhà văn hóa", "cá nhân", "quả trám", "cỏ già", "bã mía", "tài sản", "đại diện", "pháp luật"),
    *(
        "văn bản",
        "bằng khen",
        "sắp xếp",
        "sẵn sàng",
        "khẳng định",
        "mặt trận",
        "nhân dân",
        "cần cù",
    ),
    *("hướng dẫn", "cẩn thận", "phẩm chất", "mật độ", "chè tươi", "bé gái", "mẽ lúa", "vẻ đẹp"),
    *("mẹ con", "kê khai", "về nguồn", "huyết thống", "miễn giảm", "triển khai", "nghiệp vụ"),
    *("vì vậy", "chính sách", "nghĩa vụ", "nghỉ phép", "thị trấn", "lò gạch", "có hiệu lực"),
    *(
        "theo dõi",
        "thỏa thuận",
        "gia nhập họ",
        "công cộng",
        "đồng bào",
        "số dư",
        "hỗ trợ",
        "tổ dân phố",
    ),
    *("cột mốc", "thời hạn", "với nhau", "giúp đỡ", "khởi công", "hợp lệ", "cùng ký", "thú y"),
    *("nhũ đá", "phủ xanh", "khu vực", "phục vụ", "đất rừng", "từ ngày", "xử lý", "chứng thực"),
    *(
        "lữ đoàn",
        "sửa đổi",
        "trụ sở",
        "kỳ họp",
        "ý kiến",
        "kỹ thuật",
        "tỷ lệ",
        "huyện lỵ",
        "tự chủ",
    ),
    *("ơn nghĩa", "sư phạm", "ôn tập", "ấm áp", "ẩm ướt", "ẵm bế", "yêu cầu", "ủy quyền"),
)

_ORGANS = (
    ("UBND TỈNH {P}", "SỞ XÂY DỰNG", "SXD"),
    ("UBND TỈNH {P}", "SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG", "SNNMT"),
    ("UBND TỈNH {P}", "SỞ GIÁO DỤC VÀ ĐÀO TẠO", "SGDĐT"),
    ("UBND XÃ {C}", "PHÒNG KINH TẾ", "KT"),
    ("UBND XÃ {C}", "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG", "TTPVHCC"),
    ("SỞ NỘI VỤ", "CHI CỤC VĂN THƯ - LƯU TRỮ", "CCVTLT"),
)
_TYPES = (
    ("QUYẾT ĐỊNH", "QĐ"),
    ("THÔNG BÁO", "TB"),
    ("BÁO CÁO", "BC"),
    ("TỜ TRÌNH", "TTr"),
    ("KẾ HOẠCH", "KH"),
    ("GIẤY MỜI", "GM"),
    ("BIÊN BẢN", "BB"),
)
_SUBJECTS = (
    "hỗ trợ sửa chữa nhà ở cho hộ nghèo bị thiệt hại do mưa lũ",
    "cấp giấy phép xây dựng nhà ở riêng lẻ tại thôn {h}",
    "phê duyệt danh sách người được hưởng trợ cấp xã hội hằng tháng",
    "thu hồi đất để xây dựng đường liên thôn {h}",
    "thành lập Tổ công tác rà soát thủ tục hành chính năm 2026",
    "giải quyết đơn đề nghị đính chính giấy chứng nhận quyền sử dụng đất",
    "tổ chức ngày hội đại đoàn kết toàn dân tộc ở khu dân cư",
    "điều chỉnh dự toán thu, chi ngân sách xã {c}",
    "công nhận kết quả bầu Trưởng thôn nhiệm kỳ mới",
    "xác nhận tình trạng hôn nhân để đăng ký kết hôn",
)
_SENTENCES = (
    (
        "Căn cứ quy định hiện hành và tình hình thực tế tại địa phương, cơ quan đề nghị các đơn vị khẩn "
        "trương rà soát, bổ sung hồ sơ trước ngày {d}."
    ),
    (
        "Hộ gia đình ông {man} có diện tích {n} m² đất ở, sử dụng ổn định từ năm {y} đến nay và không có "
        "tranh chấp với các hộ liền kề."
    ),
    (
        "Tổng kinh phí thực hiện là {m} đồng, trong đó ngân sách xã bảo đảm {p}%, phần còn lại do nhân "
        "dân đóng góp bằng ngày công và vật liệu."
    ),
    "Bà {woman}, sinh ngày {b}, số định danh cá nhân {id}, thường trú tại thôn {h}, xã {c}, tỉnh {v}.",
    (
        "Người nộp hồ sơ có trách nhiệm kiểm tra kỹ thông tin, ký xác nhận và giữ lại một bản để đối chiếu "
        "khi nhận kết quả."
    ),
    (
        "Trường hợp hồ sơ chưa đầy đủ, công chức tiếp nhận hướng dẫn bổ sung một lần bằng phiếu, nêu rõ lý "
        "do và căn cứ pháp lý."
    ),
    (
        "Thời hạn giải quyết là {k} ngày làm việc kể từ ngày nhận đủ hồ sơ hợp lệ theo quy định của pháp "
        "luật."
    ),
    "Đoàn kiểm tra đã ghi nhận {k} điểm sạt lở, {n} m kênh mương bị bồi lấp và {k2} cột điện nghiêng đổ.",
    "Việc chi trả được thực hiện một lần qua tài khoản số {acc}, mở tại Quỹ tín dụng nhân dân xã {c}.",
    (
        "Đề nghị Trưởng thôn {h} phối hợp với các đoàn thể tuyên truyền, vận động nhân dân chấp hành nghiêm "
        "các biện pháp phòng, chống cháy rừng."
    ),
    (
        "Giấy này có giá trị sử dụng trong thời hạn {k} tháng kể từ ngày cấp và chỉ dùng vào mục đích đã ghi "
        "ở trên."
    ),
    (
        "Các khoản thu phải có chứng từ hợp pháp; mọi khiếu nại, tố cáo gửi về bộ phận một cửa để được xem "
        "xét, trả lời bằng văn bản."
    ),
    (
        "Số cây giống đã cấp là {n2} cây, tỷ lệ sống sau ba tháng đạt {p}%, cần trồng dặm {n} cây trước mùa "
        "khô."
    ),
    "Hội đồng thống nhất biểu quyết bằng hình thức giơ tay, kết quả {k2}/{k2} thành viên đồng ý.",
    "Hồ sơ lưu trữ gồm {k} tập, {n2} trang, được bảo quản tại kho tầng {f} theo đúng quy trình kỹ thuật.",
    (
        "Lãnh đạo phòng giao {woman2} theo dõi, đôn đốc, tổng hợp kết quả và báo cáo bằng văn bản trước ngày "
        "{d} hằng tháng."
    ),
    (
        "Nguồn nước sinh hoạt bị nhiễm phèn nhẹ, độ pH đo được là {f},{k}; cần lắp đặt bể lọc công cộng tại "
        "hai đầu xóm."
    ),
    (
        "Vị trí thửa đất: thửa số {n}, tờ bản đồ số {k2}, phía đông giáp suối, phía tây giáp đường bê tông "
        "rộng {f},5 m."
    ),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Organ:
    """An invented office: the lines of its letterhead, the name a reader should find, its short name."""

    upper: str
    lower: str
    both_bold: bool
    name: str
    notation: str


def pick(rng: np.random.Generator, among: tuple[str, ...]) -> str:
    """Give one of some texts."""
    return among[int(rng.integers(len(among)))]


def organ(rng: np.random.Generator, commune: str, province: str) -> Organ:
    """Draw an office: half of them are the people's committee of the commune itself."""
    if rng.random() < 0.5:
        lower = f"XÃ {commune.upper()}"
        return Organ("ỦY BAN NHÂN DÂN", lower, True, f"ỦY BAN NHÂN DÂN {lower}", "UBND")
    upper, lower, short = _ORGANS[int(rng.integers(len(_ORGANS)))]
    upper = upper.format(P=province.upper(), C=commune.upper())
    return Organ(upper, lower, False, lower, short)


def document_type(rng: np.random.Generator) -> tuple[str, str]:
    """Draw a type of document with its short form."""
    return _TYPES[int(rng.integers(len(_TYPES)))]


def subject(rng: np.random.Generator, commune: str, hamlet: str) -> str:
    """Draw what a document is about."""
    return pick(rng, _SUBJECTS).format(c=commune, h=hamlet)


def date(rng: np.random.Generator) -> str:
    """Draw a date of the past as dd/mm/yyyy."""
    year = int(rng.integers(2019, 2026))
    return f"{int(rng.integers(1, 29)):02d}/{int(rng.integers(1, 13)):02d}/{year}"


def paragraphs(rng: np.random.Generator, people: Cast, count: int) -> list[str]:
    """Draw paragraphs of one to three sentences, none of them twice while there are others."""
    order = [int(i) for i in rng.permutation(len(_SENTENCES))]
    given = []
    for _ in range(count):
        texts = []
        for _ in range(int(rng.integers(1, 4))):
            if not order:
                order = [int(i) for i in rng.permutation(len(_SENTENCES))]
            texts.append(_filled(rng, people, _SENTENCES[order.pop()]))
        given.append(" ".join(texts))
    return given


@dataclasses.dataclass(frozen=True, slots=True)
class Cast:
    """The names that sentences speak of."""

    men: tuple[str, ...]
    women: tuple[str, ...]
    numbers: tuple[str, ...]
    commune: str
    province: str
    hamlet: str


def _filled(rng: np.random.Generator, people: Cast, sentence: str) -> str:
    return sentence.format(
        d=date(rng),
        b=f"{int(rng.integers(1, 29)):02d}/{int(rng.integers(1, 13)):02d}/{int(rng.integers(1950, 2004))}",
        man=pick(rng, people.men),
        woman=pick(rng, people.women),
        woman2=pick(rng, people.women),
        id=pick(rng, people.numbers),
        n=int(rng.integers(40, 990)),
        n2=money(int(rng.integers(1_000, 60_000))),
        m=money(int(rng.integers(12, 9_000)) * 100_000),
        p=int(rng.integers(15, 96)),
        k=f"{int(rng.integers(2, 25)):02d}",
        k2=int(rng.integers(5, 60)),
        f=int(rng.integers(2, 9)),
        y=int(rng.integers(1981, 2012)),
        acc=f"{int(rng.integers(10**9, 10**10))}",
        h=people.hamlet,
        c=people.commune,
        v=people.province,
    )
