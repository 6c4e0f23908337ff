"""Words by which the papers of Vietnamese offices are known, all without tones and capitals.

*Source:* Decree 30/2020/NĐ-CP, article 7 and appendix III (types and their short forms); the forms
of the civil register; family names from everyday use.
"""

from __future__ import annotations

from typing import Final

TYPES: Final = (
    *("Nghị quyết", "Quyết định", "Chỉ thị", "Quy chế", "Quy định", "Thông cáo", "Thông báo"),
    *("Hướng dẫn", "Chương trình", "Kế hoạch", "Phương án", "Đề án", "Dự án", "Báo cáo"),
    *("Biên bản", "Tờ trình", "Hợp đồng", "Công điện", "Bản ghi nhớ", "Bản thỏa thuận"),
    *("Giấy ủy quyền", "Giấy mời", "Giấy giới thiệu", "Giấy nghỉ phép", "Phiếu gửi"),
    *("Phiếu chuyển", "Phiếu báo", "Thông tư", "Nghị định", "Thông tư liên tịch"),
    *("Giấy khai sinh", "Giấy chứng sinh", "Giấy báo tử", "Trích lục", "Giấy xác nhận"),
    *("Giấy chứng nhận", "Giấy phép", "Chứng chỉ", "Tờ khai", "Đơn đề nghị", "Đơn xin", "Đơn"),
    *("Phiếu đề nghị", "Phiếu yêu cầu", "Bảng kê", "Bảng tổng hợp", "Danh sách", "Phụ lục"),
    *("Giấy tiếp nhận hồ sơ và hẹn trả kết quả", "Giấy xác nhận tình trạng hôn nhân"),
    *("Giấy chứng nhận kết hôn", "Trích lục khai sinh", "Trích lục kết hôn", "Trích lục khai tử"),
    *("Giấy chứng nhận quyền sử dụng đất", "Giấy phép xây dựng", "Giấy phép lái xe"),
    *("Giấy chứng nhận đăng ký hộ kinh doanh", "Giấy chứng nhận đăng ký doanh nghiệp"),
    *("Giấy tiếp nhận", "Giấy biên nhận", "Văn bản ủy quyền", "Văn bản thỏa thuận"),
    *("Giấy cam đoan", "Bản cam kết", "Bản cam đoan", "Sơ yếu lý lịch", "Di chúc"),
    *("Phiếu lý lịch tư pháp", "Hóa đơn", "Giấy đề nghị", "Giấy báo", "Bằng tốt nghiệp"),
)
CERTIFICATES: Final = frozenset(
    {"Giấy chứng nhận", "Giấy phép", "Chứng chỉ", "Giấy xác nhận", "Trích lục", "Bằng tốt nghiệp"}
)
SHORT_TYPES: Final = (
    *("NQ", "QĐ", "CT", "QC", "QyĐ", "TC", "TB", "HD", "CTr", "KH", "PA", "ĐA", "DA", "BC", "BB"),
    *("TTr", "HĐ", "CĐ", "BGN", "BTT", "GUQ", "GM", "GGT", "GNP", "PG", "PC", "PB", "TT", "NĐ"),
    *("TTLT", "GP", "GPXD", "GCN", "XN", "GXN", "TLKS", "TLKT", "TLKH", "UBND", "HĐND", "ĐKKD"),
)
ORGAN_HEADS: Final = (
    *("uy ban", "ubnd", "hoi dong", "hdnd", "so", "bo", "cuc", "chi cuc", "tong cuc", "vu"),
    *("phong", "trung tam", "van phong", "ban", "cong an", "toa an", "vien", "truong"),
    *("benh vien", "cong ty", "tong cong ty", "dang uy", "chi nhanh", "thanh tra", "kho bac"),
    *("bao hiem", "ngan hang", "lien doan", "hoi", "doan", "quy", "hop tac xa", "tram", "hat"),
    *("doi", "to cong tac", "doan kiem tra", "thanh uy", "tinh uy", "huyen uy", "mat tran"),
    *("lien hiep", "hoc vien", "dai hoc", "chinh phu", "quoc hoi", "bo chi huy", "bo tu lenh"),
    *("thue", "hai quan", "buu dien", "dai", "xi nghiep", "doanh nghiep", "nha may", "khu"),
)
OFFICES: Final = (
    *("chu tich", "pho chu tich", "giam doc", "pho giam doc", "truong phong", "pho truong phong"),
    *("bo truong", "thu truong", "chanh van phong", "pho chanh", "chanh thanh tra", "cuc truong"),
    *("pho cuc truong", "chi cuc truong", "pho chi cuc truong", "vien truong", "hieu truong"),
    *("pho hieu truong", "truong cong an", "truong ban", "pho truong ban", "cong chung vien"),
    *("truong doan", "chanh an", "tong giam doc", "truong tram", "tram truong", "truong thon"),
    *("nguoi ky giay", "nguoi thuc hien chung thuc", "can bo tu phap", "cong chuc tu phap"),
    *(
        "tm.",
        "kt.",
        "tl.",
        "tuq.",
        "q.",
        "t.m",
        "k.t",
        "thu truong don vi",
        "cap tren",
        "to truong",
    ),
    *("vu truong", "pho vu truong", "truong doi", "chi huy truong", "truong khoa", "bi thu"),
)
PERSONS: Final = (
    *("nguoi de nghi", "nguoi khai", "nguoi yeu cau", "nguoi lam don", "nguoi viet don"),
    *("ben uy quyen", "nguoi uy quyen", "nguoi cam doan", "nguoi cam ket", "chu ho"),
    *("nguoi nop", "nguoi dang ky", "nguoi lap", "ke khai", "nguoi lap bang"),
)
_FAMILY_NAMES: Final = (
    "a adrong alang an au bac bach ban be bien bling blup bnuong bui ca cam cao chao chau chu "
    "chung coor cu cung cut dam dang danh dao dau diep dieu dinh do doan doi dong duong eban "
    "giang giap ha hac han hang hau hlong ho hoang hua huynh kha khang khong khuat khuong kieu "
    "kim kpa ksor ky la lac lai lam lanh lau le leo lieng lo lu luc lung luong luu ly ma mac "
    "mai mlo moc moong mua nay ngai ngan nghiem ngo ngoc nguyen nhan nhu nie ninh nong ong pang "
    "pham phan phi phung pu quach quan quang rcom ro sam sin siu son sung ta tan tang thach "
    "thai tham than thao thieu tieu to ton tong tran trieu trinh truong tu ung uong va van "
    "vang vi vien vo vu vuong xa xeo y "
)
FAMILY_NAMES: Final = frozenset(_FAMILY_NAMES.split())
_BEFORE_NAMES: Final = "ths ts pgs gs bs bsck bscki cn ks luat su dai ta thuong trung thieu uy si"
TITLES_BEFORE_NAMES: Final = frozenset(_BEFORE_NAMES.split())
